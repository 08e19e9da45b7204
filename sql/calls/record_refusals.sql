CREATE OR REPLACE FUNCTION masking.record_refusals(reasons text[], counts bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  -- A server that is asked again, because its answer was lost, counts twice: nobody needs it exact.
  --   writes  refused_signatures, rows in the order of their reasons
  --   who     a chore of the servers, where there was something to tell
  INSERT INTO masking.refused_signatures AS r (minute, reason, refused)
  SELECT date_trunc('minute', now()), t.reason, t.refused
  FROM unnest(reasons, counts) AS t (reason, refused)
  ORDER BY t.reason
  ON CONFLICT (minute, reason) DO UPDATE SET refused = r.refused + EXCLUDED.refused
$$;
COMMENT ON FUNCTION masking.record_refusals(text[], bigint[]) IS
  'Notes how many webhooks a server has refused for their signatures since it told last: each reason once, with its count.';
GRANT EXECUTE ON FUNCTION masking.record_refusals(text[], bigint[]) TO masking_server;
