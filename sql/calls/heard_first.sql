-- A block that was lifted, another number and a further phone make no order later than it was.
CREATE OR REPLACE FUNCTION masking.latest_order(the_orders text[]) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN CASE WHEN cardinality(the_orders) = 1 THEN the_orders[1] ELSE (
    SELECT r.order_id
    FROM masking.routes r
    WHERE r.order_id = ANY (the_orders)
    ORDER BY coalesce(r.began, lower(r.live)) DESC, r.order_id DESC
    LIMIT 1) END;
END
$$;
COMMENT ON FUNCTION masking.latest_order(text[]) IS
  'Of orders that two people share the one that connected them last.';

CREATE OR REPLACE FUNCTION masking.greeting(wanted text, proxy bigint, the_order text)
RETURNS TABLE (say text, voice text, language text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- {order} becomes what the order system wrote for it, a character at a time, in capitals: a lone "a" is
-- read as a word. The order's id is never said. The URL of a recording has no braces.
BEGIN
  RETURN QUERY
  SELECT replace(p.say, '{order}', coalesce(s.spoken, '')), p.voice, p.language
  FROM masking.prompt(wanted, proxy) p
  LEFT JOIN LATERAL (
    SELECT array_to_string(string_to_array(upper(o.spoken COLLATE "C"), NULL), ', ') AS spoken
    FROM masking.orders o WHERE o.order_id = the_order AND strpos(p.say, '{order}') > 0 OFFSET 0
  ) s ON true
  WHERE s.spoken IS NOT NULL OR strpos(p.say, '{order}') = 0;
END
$$;
COMMENT ON FUNCTION masking.greeting(text, bigint, text) IS
  'As masking.prompt(), with {order} as the order is spoken; no row: it is to be named, and has nothing to be called.';

CREATE OR REPLACE FUNCTION masking.greets() RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN EXISTS (SELECT FROM masking.settings s WHERE s.name IN ('greet_caller', 'greet_callee') AND s.is_on);
END
$$;
COMMENT ON FUNCTION masking.greets() IS
  'Whether anybody hears something first; asked once a batch, and while it is false masking.heard_first() is not called.';

CREATE OR REPLACE FUNCTION masking.heard_first(the_orders text[], dialled bigint, shows bigint DEFAULT NULL)
RETURNS masking.answer
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- What of a call that connects is heard before the two are connected: by the caller now, by the callee once he has answered.
--   reads  settings, prompts, proxy_numbers, orders (one), routes of the orders, where these are several
--   who    answer_calls, answer_codes, answer_requests, where masking.greets()
DECLARE
  answer masking.answer;
  latest CONSTANT text := masking.latest_order(the_orders);
BEGIN
  IF masking.setting_on('greet_caller') THEN
    SELECT g.say, g.voice, g.language INTO answer.greet_say, answer.greet_voice, answer.greet_language
    FROM masking.greeting('greet_caller', dialled, latest) g;
  END IF;
  answer.greets_callee := masking.setting_on('greet_callee')
    AND EXISTS (SELECT FROM masking.greeting('greet_callee', coalesce(shows, dialled), latest));
  RETURN answer;
END
$$;
COMMENT ON FUNCTION masking.heard_first(text[], bigint, bigint) IS
  'What is heard before a call about these orders connects: an answer that has nothing else. shows: the number that the callee sees, NULL: the one dialled.';
