-- What people hear: by event and language, changed by UPDATE, checked on writing.
SELECT no_plan();

SELECT is((SELECT say FROM tests.answer_calls('{p1}', '{14156660000}', '{14155550100}')),
  'Sorry, we found no order that belongs to your phone number. Goodbye.', 'a refusal comes with its sentence');
SELECT is((SELECT voice || ' ' || language FROM tests.answer_calls('{p1}', '{14156660000}', '{14155550100}')),
  'WOMAN en-US', 'and with the voice and the language');
UPDATE masking.prompts SET words = 'No <order> & no call.' WHERE event = 'unknown_caller' AND language = 'en-US';
SELECT is((SELECT say FROM tests.answer_calls('{p2}', '{14156660000}', '{14155550100}')),
  'No <order> & no call.', 'changing the row changes the next call');

INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('A', '14156667777', '14156667778');
SELECT results_eq(
  $$SELECT outcome, say, voice, language FROM tests.answer_calls('{p3}', '{14156667777}', '{14155550100}')$$,
  $$VALUES ('connected', NULL::text, NULL::text, NULL::text)$$, 'who is connected is told nothing');

UPDATE masking.prompts SET play_url = 'https://cdn.example.com/no-order.mp3'
WHERE event = 'unknown_caller' AND language = 'en-US';
SELECT results_eq(
  $$SELECT say, voice FROM tests.answer_calls('{p4}', '{14156660000}', '{14155550100}')$$,
  $$VALUES ('https://cdn.example.com/no-order.mp3', NULL::text)$$, 'a recording takes the place of the words');

INSERT INTO masking.proxy_numbers (number, language) VALUES
  ('14155550101', 'fr-FR'), ('14155550102', 'es-US'), ('14155550103', 'sv-SE'), ('14155550104', 'hi-IN');
SELECT is((SELECT p.language || ' ' || p.voice FROM masking.prompt('busy', v.number) p), expected,
  'a number of language ' || (SELECT language FROM masking.proxy_numbers n WHERE n.e164 = v.number) || ' speaks ' || expected)
FROM (VALUES (14155550101, 'fr-FR WOMAN'), (14155550102, 'es-ES WOMAN'), (14155550103, 'en-US WOMAN'),
  (14155550104, 'hi-IN Polly.Aditi')) AS v (number, expected);
SELECT is((SELECT language FROM masking.prompt('busy', 14155550199)), 'en-US', 'a number that is not ours speaks English');

SELECT is_empty(
  $$SELECT e.event, l.language FROM (SELECT DISTINCT event FROM masking.prompts) e
    CROSS JOIN (VALUES ('en-US'), ('es-ES'), ('fr-FR'), ('de-DE'), ('pt-BR'), ('hi-IN')) AS l (language)
    EXCEPT SELECT event, language FROM masking.prompts$$,
  'every event has a sentence in six languages');

SELECT throws_ok(
  format('UPDATE masking.prompts SET play_url = %L WHERE event = ''busy''', url), '23514', NULL, 'a bad URL is refused: ' || url)
FROM unnest(ARRAY['', 'http://cdn.example.com/a.mp3', 'ftp://cdn.example.com/a.mp3', 'https://', 'https:///a.mp3',
  'https://cdn.example.com', 'https://cdn.example.com/a b.mp3', 'https://cdn.example.com/<a>.mp3',
  'https://user:pass@cdn.example.com/a.mp3', 'https://cdn.example.com/a.mp3#x', '//cdn.example.com/a.mp3',
  'javascript:alert(1)', E'https://cdn.example.com/a\n.mp3', 'https://cdn.example.com/' || repeat('a', 500)]) AS url;
SELECT lives_ok(
  format('UPDATE masking.prompts SET play_url = %L WHERE event = ''busy''', url), 'a good URL is taken: ' || url)
FROM unnest(ARRAY['https://cdn.example.com/a.mp3', 'https://cdn.example.com:8443/a/b.wav?v=2&x=%20']) AS url;
SELECT throws_ok(
  format('UPDATE masking.prompts SET words = %L WHERE event = ''busy''', words), '23514', NULL, 'words are refused: ' || why)
FROM (VALUES ('', 'none'), (repeat('x', 1001), 'too long'), (repeat('é', 501), 'too many bytes'),
  (E'bell \x07', 'a control character'), (E'\uFFFF', 'what XML cannot carry')) AS v (words, why);
SELECT throws_ok($$UPDATE masking.prompts SET voice = 'WOMAN' WHERE language = 'hi-IN'$$, '23514', NULL,
  'a voice that does not speak the language is refused');
SELECT throws_ok($$INSERT INTO masking.prompts (event, language, words) VALUES ('bussy', 'en-US', 'x')$$, '23503', NULL,
  'an event that nobody asks for is refused');

SELECT * FROM finish();
