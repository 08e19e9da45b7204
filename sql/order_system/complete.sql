-- done: each side keeps its own grace time (a customer may ring about a lost item; an agent may not for long)
UPDATE orders SET completed_at = now() WHERE order_id = 'A-1001';
