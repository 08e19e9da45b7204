CREATE OR REPLACE FUNCTION masking.plivo_cause(code integer) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
    WHEN code = 0 THEN 'Plivo does not know why'
    WHEN code = 1000 THEN 'the caller gave up while it rang'
    WHEN code = 1010 THEN 'the Plivo account is out of credit: top it up'
    WHEN code = 1020 THEN 'more calls at once than the Plivo account may make'
    WHEN code IN (2000, 3050) THEN 'the number of the callee does not exist'
    WHEN code IN (2010, 2020) THEN 'the phone of the callee is out of service'
    WHEN code IN (2030, 2040, 2050) THEN 'the Plivo account may not call there: allow the country or number in Plivo''s console'
    WHEN code = 2060 THEN 'a loop: the caller''s own number would have been rung'
    WHEN code = 2070 THEN 'India: both phones and the number must be there'
    WHEN code = 3000 THEN 'nobody took the call'
    WHEN code = 3010 THEN 'the callee was talking'
    WHEN code = 3020 THEN 'the callee rejected the call'
    WHEN code = 3030 THEN 'the caller ID is no number of the Plivo account: compare the pool with Plivo'
    WHEN code IN (3040, 3130, 3140) THEN 'the carrier refused the call, or took it for spam'
    WHEN code BETWEEN 3070 AND 3120 THEN 'the carrier could not put the call through'
    WHEN code = 4000 THEN 'an ordinary end: somebody hung up'
    WHEN code = 4010 THEN 'an ordinary end: what was to be said had been said'
    WHEN code IN (4240, 4250) THEN 'Plivo could not log in at the other end'
    WHEN code IN (5000, 5010, 5020) THEN 'an error at Plivo'
    WHEN code = 5030 THEN 'more calls at once than the Plivo account may have'
    WHEN code = 6000 THEN 'CALL_TIME_LIMIT was reached'
    WHEN code = 6010 THEN 'RING_TIMEOUT was reached'
    WHEN code = 6020 THEN 'silence on the line for a minute'
    WHEN code BETWEEN 7011 AND 7014 THEN 'Plivo did not reach this service: its address, TLS or the proxy in front'
    WHEN code BETWEEN 7022 AND 7034 THEN 'the URL or method in Plivo''s application is wrong'
    WHEN code BETWEEN 8011 AND 8014 THEN 'Plivo could not read an answer of this service'
    WHEN code = 9000 THEN 'another phone took the call first'
    WHEN code = 9100 THEN 'a machine took the call'
    WHEN code = 9110 THEN 'nobody pressed the key that takes the call'
  END
$$;
COMMENT ON FUNCTION masking.plivo_cause(integer) IS 'What Plivo''s hangup code means, for people; NULL: not known here.';

CREATE OR REPLACE FUNCTION masking.said_cause(code integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT
AS $$
  SELECT coalesce(masking.plivo_cause(code) || format(' (%s)', code), format('Plivo''s code %s', code))
$$;
COMMENT ON FUNCTION masking.said_cause(integer) IS 'Plivo''s hangup code as people read it: in words, with the code behind.';
