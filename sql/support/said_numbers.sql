CREATE OR REPLACE FUNCTION masking.said_numbers(from_number text, to_number text) RETURNS text
LANGUAGE sql STABLE
AS $$
  SELECT format('%s to %s', coalesce(masking.redacted(from_number), 'nobody'),
    coalesce(
      (SELECT p.number FROM masking.proxy_numbers p
       WHERE p.number = regexp_replace(to_number COLLATE "C", '[^0-9]', '', 'g')),
      masking.redacted(to_number), 'no number'))
$$;
COMMENT ON FUNCTION masking.said_numbers(text, text) IS
  'Two numbers that somebody typed, as console_log keeps them: two digits, and a proxy number whole.';
