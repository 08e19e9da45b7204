-- Deploy number-masking:prompts to pg
--
-- What people hear and read, one row per event and language, so that a sentence
-- is changed by an UPDATE and the next call has it. The language is the dialled
-- number's. What XML or Plivo could not carry is refused here, on writing: a
-- caller should never be the one who finds a bad sentence.

BEGIN;
SET LOCAL ROLE masking_owner;

-- What may become of a call or a text stands here, and in server/protocol/outcomes.def for the server: a new
-- outcome is a line there, a row here and its prompts below, and the function that decides it. Calls and
-- texts do not refer to it by foreign key: that costs 4 % of an answer; tests/db/outcomes_test.py compares.
CREATE TABLE masking.outcomes (
  kind text COLLATE "C" CHECK (kind IN ('call', 'text', 'ringing', 'server')),
  outcome text COLLATE "C",
  event text COLLATE "C" UNIQUE,
  rank integer,
  tone text NOT NULL CHECK (tone IN ('good', 'warn', 'bad')),
  told text NOT NULL,
  briefly text CHECK (briefly IS NOT NULL OR kind <> 'call'),
  PRIMARY KEY (kind, outcome)
);
COMMENT ON TABLE masking.outcomes IS 'What may become of calls and texts, and the words of the logs and of the console for it.';
COMMENT ON COLUMN masking.outcomes.kind IS
  'Where the outcome stands: call: calls.outcome; text: messages.outcome; ringing: calls.dial_status, Plivo''s word; server: nothing of it is on record.';
COMMENT ON COLUMN masking.outcomes.outcome IS 'The word.';
COMMENT ON COLUMN masking.outcomes.event IS 'What people hear or read then, as in prompts; NULL: nothing, or nothing from the database.';
COMMENT ON COLUMN masking.outcomes.rank IS
  'Of a call that codes decide: a later answer about the same call replaces one of a lower rank, or of none. NULL: it replaces nothing.';
COMMENT ON COLUMN masking.outcomes.tone IS 'good: as it should be; bad: our fault; warn: neither.';
COMMENT ON COLUMN masking.outcomes.told IS
  'The words of call_log and message_log; of a connected call, while nothing more is known than that.';
COMMENT ON COLUMN masking.outcomes.briefly IS 'Of a call: the same in a few words, about the caller, on the console''s first page.';

INSERT INTO masking.outcomes (kind, outcome, event, rank, tone, told, briefly) VALUES
  ('call', 'connected', NULL, 10, 'good', 'the callee''s phone was rung', 'rang the other side'),
  ('call', 'support', NULL, NULL, 'warn', 'the caller was sent to support', 'sent to support'),
  ('call', 'ask_code', 'ask_code', 1, 'warn', 'the caller was asked for a code', 'asked for a code'),
  ('call', 'wrong_code', 'wrong_code', 2, 'warn', 'the caller entered a wrong code', 'entered a wrong code'),
  ('call', 'code_refused', 'code_refused', 3, 'warn', 'the caller entered wrong codes only', 'entered wrong codes only'),
  ('call', 'locked_out', 'locked_out', 5, 'warn', 'too many wrong codes had been entered, by the caller or on the number', 'too many wrong codes had been entered'),
  ('call', 'unknown_caller', 'unknown_caller', NULL, 'warn', 'the caller is on no order', 'on no order'),
  ('call', 'order_over', 'order_over', NULL, 'warn', 'the caller''s order is over', 'on an order that is over'),
  ('call', 'order_waiting', 'order_waiting', 7, 'warn', 'the caller''s order has nobody to connect him with yet', 'on an order without anybody to reach yet'),
  ('call', 'other_number', 'other_number', NULL, 'warn', 'the caller''s order is on another number', 'dialled another number than the order''s'),
  ('call', 'no_caller_id', 'no_caller_id', 4, 'warn', 'the caller hid the number', 'hid the number'),
  ('call', 'bad_dialled_number', 'bad_dialled_number', NULL, 'warn', 'the number dialled was unusable', 'dialled an unusable number'),
  ('call', 'from_proxy', 'from_proxy', 6, 'warn', 'the call came from a number of ours', 'a number of ours'),
  ('call', 'blocked', 'blocked', 8, 'warn', 'calls of that side are blocked', 'blocked'),
  ('call', 'too_many_calls', 'too_many_calls', 9, 'warn', 'the two had called each other too often within an hour', 'called too often within an hour'),
  ('call', 'apologised', NULL, NULL, 'bad', 'the caller was asked to try again: the database was away', 'heard an apology: the database was away'),
  ('call', 'not_asked', NULL, NULL, 'warn', 'the call is known from later events only', 'known from later events only'),
  ('text', 'forwarded', NULL, NULL, 'good', 'forwarded', NULL),
  ('text', 'optout', NULL, NULL, 'warn', 'the writer wants no more texts (STOP)', NULL),
  ('text', 'optin', NULL, NULL, 'warn', 'the writer wants texts again (START)', NULL),
  ('text', 'help', NULL, NULL, 'warn', 'the writer asked for help (HELP), Plivo answers', NULL),
  ('text', 'intent', NULL, NULL, 'warn', 'meant for Plivo, not forwarded', NULL),
  ('text', 'media', 'media', NULL, 'warn', 'a picture without words: not forwarded', NULL),
  ('text', 'empty', NULL, NULL, 'warn', 'nothing was in it', NULL),
  ('text', 'opted_out', 'opted_out', NULL, 'warn', 'not forwarded: the other side takes no texts (STOP)', NULL),
  ('text', 'too_many', 'too_many', NULL, 'warn', 'not forwarded: too many texts within a minute', NULL),
  ('text', 'unknown_sender', 'unknown_sender', NULL, 'warn', 'the writer was on no order', NULL),
  ('text', 'unknown_sender_quiet', NULL, NULL, 'warn', 'the writer was on no order; not told so, as he had been within the hour or shows a number that takes no texts', NULL),
  ('text', 'from_proxy', NULL, NULL, 'warn', 'written by a number of ours', NULL),
  ('text', 'blocked', NULL, NULL, 'warn', 'not forwarded: that side is blocked', NULL),
  ('text', 'no_sender', NULL, NULL, 'warn', 'the writer showed no number', NULL),
  ('text', 'bad_number', NULL, NULL, 'warn', 'the number written to was unusable', NULL),
  ('text', 'apologised', NULL, NULL, 'bad', 'not forwarded: the database was away; Plivo sends it again', NULL),
  ('ringing', 'completed', NULL, NULL, 'good', 'the callee answered', NULL),
  ('ringing', 'cancel', NULL, NULL, 'warn', 'the caller gave up', NULL),
  ('ringing', 'busy', 'busy', NULL, 'warn', 'the callee was busy', NULL),
  ('ringing', 'no-answer', 'no_answer', NULL, 'warn', 'nobody answered', NULL),
  ('ringing', 'timeout', 'timeout', NULL, 'warn', 'the callee could not be reached', NULL),
  ('ringing', 'failed', 'failed', NULL, 'warn', 'the call could not be put through', NULL),
  ('server', 'malformed', 'malformed', NULL, 'warn', 'Plivo''s request was unusable', NULL),
  ('server', 'announcement', 'recorded', NULL, 'good', 'the callee was told of the recording', NULL),
  ('server', 'confirmation', 'press_key', NULL, 'good', 'the callee was asked to press a key', NULL);

CREATE TABLE masking.prompts (
  event text COLLATE "C" CONSTRAINT known_event REFERENCES masking.outcomes (event),
  language text COLLATE "C" CHECK (language ~ '^[a-z]{2,3}-[A-Z]{2}$'),
  words text NOT NULL,
  voice text NOT NULL DEFAULT 'WOMAN' CHECK (voice ~ '^(WOMAN|MAN|Polly[.][A-Za-z]{1,30})$'),
  play_url text,
  PRIMARY KEY (event, language),
  CONSTRAINT words_fit CHECK (
    octet_length(words) BETWEEN 1 AND 1000
    AND words !~ E'[\x01-\x08\x0B\x0C\x0E-\x1F\x7F\uFFFE\uFFFF]'),
  CONSTRAINT url_plivo_can_fetch CHECK (
    length(play_url) <= 500
    AND play_url ~ '^https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?/[A-Za-z0-9._~%!$&''()*+,;=:@/?-]*$'),
  -- Plivo's own voices speak these; any other language needs one of Polly's.
  CONSTRAINT voice_speaks_language CHECK (
    voice LIKE 'Polly.%' OR language IN (
      'da-DK', 'nl-NL', 'en-AU', 'en-GB', 'en-US', 'fr-FR', 'fr-CA', 'de-DE', 'it-IT', 'pl-PL',
      'pt-PT', 'pt-BR', 'ru-RU', 'es-ES', 'es-US', 'sv-SE'))
);
COMMENT ON TABLE masking.prompts IS
  'What people hear: one row per event and language. A change counts from the next call on.';
COMMENT ON COLUMN masking.prompts.event IS 'When it is said, as in outcomes.';
COMMENT ON COLUMN masking.prompts.language IS 'Language and country, as en-US; picked by proxy_numbers.language.';
COMMENT ON COLUMN masking.prompts.words IS 'The sentence, at most 1000 bytes of UTF-8; texts have it, calls unless play_url is set.';
COMMENT ON COLUMN masking.prompts.voice IS 'Who reads it: WOMAN, MAN or Polly.Name.';
COMMENT ON COLUMN masking.prompts.play_url IS 'A recording to play instead: an https URL of an mp3 or wav file.';

INSERT INTO masking.prompts (event, language, voice, words)
SELECT p.event, l.language, l.voice, p.words
FROM (VALUES
  ('en', 'en-US', 'WOMAN'),
  ('es', 'es-ES', 'WOMAN'),
  ('fr', 'fr-FR', 'WOMAN'),
  ('de', 'de-DE', 'WOMAN'),
  ('pt', 'pt-BR', 'WOMAN'),
  ('hi', 'hi-IN', 'Polly.Aditi')
) AS l (code, language, voice)
JOIN (VALUES
  ('unknown_caller', 'en', 'Sorry, we found no order that belongs to your phone number. Goodbye.'),
  ('unknown_caller', 'es', 'Lo sentimos, no hemos encontrado ningún pedido con su número de teléfono. Adiós.'),
  ('unknown_caller', 'fr', 'Désolé, aucune commande ne correspond à votre numéro de téléphone. Au revoir.'),
  ('unknown_caller', 'de', 'Zu Ihrer Telefonnummer haben wir leider keine Bestellung gefunden. Auf Wiederhören.'),
  ('unknown_caller', 'pt', 'Desculpe, não encontramos nenhum pedido com o seu número de telefone. Até logo.'),
  ('unknown_caller', 'hi', 'क्षमा कीजिए, आपके फ़ोन नंबर से जुड़ा कोई ऑर्डर नहीं मिला। नमस्ते।'),
  ('order_over', 'en', 'Sorry, the time in which you could be connected about your order is over. Goodbye.'),
  ('order_over', 'es', 'Lo sentimos, el plazo para llamar sobre su pedido ha terminado. Adiós.'),
  ('order_over', 'fr', 'Désolé, le délai pour appeler au sujet de votre commande est écoulé. Au revoir.'),
  ('order_over', 'de', 'Die Zeit, in der wir Sie zu Ihrer Bestellung verbinden konnten, ist leider vorbei. Auf Wiederhören.'),
  ('order_over', 'pt', 'Desculpe, o prazo para ligar sobre o seu pedido terminou. Até logo.'),
  ('order_over', 'hi', 'क्षमा कीजिए, आपके ऑर्डर के बारे में कॉल जोड़ने का समय समाप्त हो चुका है। नमस्ते।'),
  ('order_waiting', 'en', 'There is nobody to connect you with yet. Please try again later. Goodbye.'),
  ('order_waiting', 'es', 'Todavía no hay nadie con quien conectarle. Inténtelo más tarde. Adiós.'),
  ('order_waiting', 'fr', 'Il n''y a encore personne à qui vous passer. Rappelez plus tard. Au revoir.'),
  ('order_waiting', 'de', 'Es gibt noch niemanden, mit dem wir Sie verbinden können. Bitte versuchen Sie es später noch einmal. Auf Wiederhören.'),
  ('order_waiting', 'pt', 'Ainda não há ninguém com quem conectar você. Tente mais tarde. Até logo.'),
  ('order_waiting', 'hi', 'अभी आपको जोड़ने के लिए कोई नहीं है। कृपया बाद में फिर कोशिश कीजिए। नमस्ते।'),
  ('other_number', 'en', 'Your order is on another of our numbers. Please dial the number that is shown with your order. Goodbye.'),
  ('other_number', 'es', 'Su pedido está en otro de nuestros números. Marque el número que aparece en su pedido. Adiós.'),
  ('other_number', 'fr', 'Votre commande est sur un autre de nos numéros. Composez le numéro indiqué avec votre commande. Au revoir.'),
  ('other_number', 'de', 'Ihre Bestellung hat eine andere unserer Nummern. Bitte wählen Sie die Nummer, die bei Ihrer Bestellung steht. Auf Wiederhören.'),
  ('other_number', 'pt', 'O seu pedido está em outro dos nossos números. Ligue para o número mostrado no seu pedido. Até logo.'),
  ('other_number', 'hi', 'आपका ऑर्डर हमारे किसी दूसरे नंबर पर है। कृपया अपने ऑर्डर के साथ दिखाया गया नंबर डायल कीजिए। नमस्ते।'),
  ('no_caller_id', 'en', 'Sorry, we can only connect calls that show their phone number. Please call again without hiding it. Goodbye.'),
  ('no_caller_id', 'es', 'Lo sentimos, solo podemos conectar llamadas que muestran su número. Vuelva a llamar sin ocultarlo. Adiós.'),
  ('no_caller_id', 'fr', 'Désolé, nous ne pouvons transférer que les appels dont le numéro est affiché. Rappelez sans masquer le vôtre. Au revoir.'),
  ('no_caller_id', 'de', 'Wir können nur Anrufe verbinden, die ihre Nummer zeigen. Bitte rufen Sie ohne Unterdrückung noch einmal an. Auf Wiederhören.'),
  ('no_caller_id', 'pt', 'Desculpe, só podemos conectar chamadas que mostram o número. Ligue de novo sem ocultá-lo. Até logo.'),
  ('no_caller_id', 'hi', 'क्षमा कीजिए, हम केवल वही कॉल जोड़ सकते हैं जिनका नंबर दिखता है। कृपया नंबर छिपाए बिना फिर कॉल करें। नमस्ते।'),
  ('bad_dialled_number', 'en', 'Sorry, this call cannot be connected. Goodbye.'),
  ('bad_dialled_number', 'es', 'Lo sentimos, no podemos conectar esta llamada. Adiós.'),
  ('bad_dialled_number', 'fr', 'Désolé, cet appel ne peut pas aboutir. Au revoir.'),
  ('bad_dialled_number', 'de', 'Dieser Anruf kann leider nicht verbunden werden. Auf Wiederhören.'),
  ('bad_dialled_number', 'pt', 'Desculpe, esta chamada não pode ser conectada. Até logo.'),
  ('bad_dialled_number', 'hi', 'क्षमा कीजिए, यह कॉल नहीं जोड़ी जा सकती। नमस्ते।'),
  ('from_proxy', 'en', 'Sorry, this call cannot be connected. Goodbye.'),
  ('from_proxy', 'es', 'Lo sentimos, no podemos conectar esta llamada. Adiós.'),
  ('from_proxy', 'fr', 'Désolé, cet appel ne peut pas aboutir. Au revoir.'),
  ('from_proxy', 'de', 'Dieser Anruf kann leider nicht verbunden werden. Auf Wiederhören.'),
  ('from_proxy', 'pt', 'Desculpe, esta chamada não pode ser conectada. Até logo.'),
  ('from_proxy', 'hi', 'क्षमा कीजिए, यह कॉल नहीं जोड़ी जा सकती। नमस्ते।'),
  ('blocked', 'en', 'Calls between you and the other side of this order have been stopped. Goodbye.'),
  ('blocked', 'es', 'Las llamadas entre usted y la otra parte de este pedido se han suspendido. Adiós.'),
  ('blocked', 'fr', 'Les appels entre vous et l''autre partie de cette commande ont été suspendus. Au revoir.'),
  ('blocked', 'de', 'Anrufe zwischen Ihnen und der anderen Seite dieser Bestellung wurden gesperrt. Auf Wiederhören.'),
  ('blocked', 'pt', 'As ligações entre você e a outra parte deste pedido foram suspensas. Até logo.'),
  ('blocked', 'hi', 'इस ऑर्डर के दूसरे पक्ष के साथ आपकी कॉल रोक दी गई है। नमस्ते।'),
  ('too_many_calls', 'en', 'There were too many calls between the two of you within the last hour. Please try again later. Goodbye.'),
  ('too_many_calls', 'es', 'Ha habido demasiadas llamadas entre ustedes en la última hora. Inténtelo más tarde. Adiós.'),
  ('too_many_calls', 'fr', 'Il y a eu trop d''appels entre vous au cours de la dernière heure. Rappelez plus tard. Au revoir.'),
  ('too_many_calls', 'de', 'Zwischen Ihnen gab es in der letzten Stunde zu viele Anrufe. Bitte versuchen Sie es später noch einmal. Auf Wiederhören.'),
  ('too_many_calls', 'pt', 'Houve ligações demais entre vocês na última hora. Tente mais tarde. Até logo.'),
  ('too_many_calls', 'hi', 'पिछले एक घंटे में आप दोनों के बीच बहुत अधिक कॉल हुई हैं। कृपया बाद में फिर कोशिश कीजिए। नमस्ते।'),
  ('malformed', 'en', 'Sorry, this call cannot be connected. Goodbye.'),
  ('malformed', 'es', 'Lo sentimos, no podemos conectar esta llamada. Adiós.'),
  ('malformed', 'fr', 'Désolé, cet appel ne peut pas aboutir. Au revoir.'),
  ('malformed', 'de', 'Dieser Anruf kann leider nicht verbunden werden. Auf Wiederhören.'),
  ('malformed', 'pt', 'Desculpe, esta chamada não pode ser conectada. Até logo.'),
  ('malformed', 'hi', 'क्षमा कीजिए, यह कॉल नहीं जोड़ी जा सकती। नमस्ते।'),
  ('busy', 'en', 'The person you are calling is on another call. Please try again in a few minutes. Goodbye.'),
  ('busy', 'es', 'La persona a la que llama está en otra llamada. Inténtelo de nuevo en unos minutos. Adiós.'),
  ('busy', 'fr', 'Votre correspondant est déjà en ligne. Rappelez dans quelques minutes. Au revoir.'),
  ('busy', 'de', 'Die angerufene Person telefoniert gerade. Bitte versuchen Sie es in einigen Minuten noch einmal. Auf Wiederhören.'),
  ('busy', 'pt', 'A pessoa está em outra ligação. Tente novamente em alguns minutos. Até logo.'),
  ('busy', 'hi', 'जिन्हें आप कॉल कर रहे हैं वे दूसरी कॉल पर हैं। कृपया कुछ मिनट बाद फिर कोशिश कीजिए। नमस्ते।'),
  ('no_answer', 'en', 'Nobody answered. Please try again in a few minutes. Goodbye.'),
  ('no_answer', 'es', 'Nadie ha contestado. Inténtelo de nuevo en unos minutos. Adiós.'),
  ('no_answer', 'fr', 'Personne n''a répondu. Rappelez dans quelques minutes. Au revoir.'),
  ('no_answer', 'de', 'Niemand hat abgenommen. Bitte versuchen Sie es in einigen Minuten noch einmal. Auf Wiederhören.'),
  ('no_answer', 'pt', 'Ninguém atendeu. Tente novamente em alguns minutos. Até logo.'),
  ('no_answer', 'hi', 'किसी ने फ़ोन नहीं उठाया। कृपया कुछ मिनट बाद फिर कोशिश कीजिए। नमस्ते।'),
  ('failed', 'en', 'Your call could not be put through. Please try again later. Goodbye.'),
  ('failed', 'es', 'No se ha podido completar la llamada. Inténtelo más tarde. Adiós.'),
  ('failed', 'fr', 'Votre appel n''a pas pu aboutir. Rappelez plus tard. Au revoir.'),
  ('failed', 'de', 'Ihr Anruf konnte nicht verbunden werden. Bitte versuchen Sie es später noch einmal. Auf Wiederhören.'),
  ('failed', 'pt', 'Não foi possível completar a chamada. Tente mais tarde. Até logo.'),
  ('failed', 'hi', 'आपकी कॉल नहीं जुड़ सकी। कृपया बाद में फिर कोशिश कीजिए। नमस्ते।'),
  ('timeout', 'en', 'The phone you are calling cannot be reached at the moment. Please try again later. Goodbye.'),
  ('timeout', 'es', 'El teléfono al que llama no está disponible en este momento. Inténtelo más tarde. Adiós.'),
  ('timeout', 'fr', 'Votre correspondant n''est pas joignable pour le moment. Rappelez plus tard. Au revoir.'),
  ('timeout', 'de', 'Das angerufene Telefon ist gerade nicht erreichbar. Bitte versuchen Sie es später noch einmal. Auf Wiederhören.'),
  ('timeout', 'pt', 'O telefone chamado não está disponível no momento. Tente mais tarde. Até logo.'),
  ('timeout', 'hi', 'जिस फ़ोन पर आप कॉल कर रहे हैं उससे अभी संपर्क नहीं हो सकता। कृपया बाद में फिर कोशिश कीजिए। नमस्ते।'),
  ('ask_code', 'en', 'To connect you we need the code of your order. Please enter it, then press the hash key.'),
  ('ask_code', 'es', 'Para conectarle necesitamos el código de su pedido. Introdúzcalo y pulse almohadilla.'),
  ('ask_code', 'fr', 'Pour vous mettre en relation, il nous faut le code de votre commande. Composez-le, puis appuyez sur dièse.'),
  ('ask_code', 'de', 'Um Sie zu verbinden, brauchen wir den Code Ihrer Bestellung. Bitte geben Sie ihn ein und drücken Sie dann die Rautetaste.'),
  ('ask_code', 'pt', 'Para conectar você, precisamos do código do seu pedido. Digite-o e depois a tecla jogo da velha.'),
  ('ask_code', 'hi', 'आपको जोड़ने के लिए हमें आपके ऑर्डर का कोड चाहिए। कृपया कोड दबाएँ, फिर हैश बटन दबाएँ।'),
  ('wrong_code', 'en', 'That code is not right. Please enter it again, then press the hash key.'),
  ('wrong_code', 'es', 'El código no es correcto. Introdúzcalo de nuevo y pulse almohadilla.'),
  ('wrong_code', 'fr', 'Ce code n''est pas le bon. Recommencez, puis appuyez sur dièse.'),
  ('wrong_code', 'de', 'Dieser Code stimmt nicht. Bitte geben Sie ihn noch einmal ein und drücken Sie dann die Rautetaste.'),
  ('wrong_code', 'pt', 'O código não está certo. Digite de novo e depois a tecla jogo da velha.'),
  ('wrong_code', 'hi', 'यह कोड सही नहीं है। कृपया फिर से दबाएँ, फिर हैश बटन दबाएँ।'),
  ('code_refused', 'en', 'Sorry, we found no order with that code. Goodbye.'),
  ('code_refused', 'es', 'Lo sentimos, no hay ningún pedido con ese código. Adiós.'),
  ('code_refused', 'fr', 'Désolé, aucune commande ne correspond à ce code. Au revoir.'),
  ('code_refused', 'de', 'Zu diesem Code haben wir leider keine Bestellung gefunden. Auf Wiederhören.'),
  ('code_refused', 'pt', 'Desculpe, não encontramos nenhum pedido com esse código. Até logo.'),
  ('code_refused', 'hi', 'क्षमा कीजिए, इस कोड का कोई ऑर्डर नहीं मिला। नमस्ते।'),
  ('locked_out', 'en', 'Too many wrong codes were entered. Please call again in an hour. Goodbye.'),
  ('locked_out', 'es', 'Se han introducido demasiados códigos incorrectos. Vuelva a llamar dentro de una hora. Adiós.'),
  ('locked_out', 'fr', 'Trop de codes erronés ont été composés. Rappelez dans une heure. Au revoir.'),
  ('locked_out', 'de', 'Es wurden zu viele falsche Codes eingegeben. Bitte rufen Sie in einer Stunde wieder an. Auf Wiederhören.'),
  ('locked_out', 'pt', 'Foram digitados códigos errados demais. Ligue de novo em uma hora. Até logo.'),
  ('locked_out', 'hi', 'बहुत बार गलत कोड दबाया गया है। कृपया एक घंटे बाद फिर कॉल कीजिए। नमस्ते।'),
  ('recorded', 'en', 'This call is recorded.'),
  ('recorded', 'es', 'Esta llamada se graba.'),
  ('recorded', 'fr', 'Cet appel est enregistré.'),
  ('recorded', 'de', 'Dieses Gespräch wird aufgezeichnet.'),
  ('recorded', 'pt', 'Esta chamada está sendo gravada.'),
  ('recorded', 'hi', 'यह कॉल रिकॉर्ड की जा रही है।'),
  ('press_key', 'en', 'This is a call about an order. To take it, press 1.'),
  ('press_key', 'es', 'Esta es una llamada sobre un pedido. Para atenderla, pulse 1.'),
  ('press_key', 'fr', 'Ceci est un appel au sujet d''une commande. Pour le prendre, appuyez sur 1.'),
  ('press_key', 'de', 'Dies ist ein Anruf zu einer Bestellung. Um ihn anzunehmen, drücken Sie die 1.'),
  ('press_key', 'pt', 'Esta é uma ligação sobre um pedido. Para atender, pressione 1.'),
  ('press_key', 'hi', 'यह एक ऑर्डर के बारे में कॉल है। इसे लेने के लिए 1 दबाइए।'),
  ('unknown_sender', 'en', 'Your message was not delivered: your phone number has no open order on this number.'),
  ('unknown_sender', 'es', 'Su mensaje no se ha entregado: su número de teléfono no tiene ningún pedido abierto en este número.'),
  ('unknown_sender', 'fr', 'Votre message n''a pas été transmis : votre numéro n''a aucune commande en cours sur ce numéro.'),
  ('unknown_sender', 'de', 'Ihre Nachricht wurde nicht zugestellt: Zu Ihrer Telefonnummer gibt es unter dieser Nummer keine offene Bestellung.'),
  ('unknown_sender', 'pt', 'A sua mensagem não foi entregue: o seu número não tem nenhum pedido aberto neste número.'),
  ('unknown_sender', 'hi', 'आपका संदेश नहीं पहुँचाया गया: इस नंबर पर आपके फ़ोन नंबर का कोई चालू ऑर्डर नहीं है।'),
  ('media', 'en', 'Your picture was not delivered: only text can be sent to this number.'),
  ('media', 'es', 'Su imagen no se ha entregado: a este número solo se puede enviar texto.'),
  ('media', 'fr', 'Votre image n''a pas été transmise : ce numéro n''accepte que du texte.'),
  ('media', 'de', 'Ihr Bild wurde nicht zugestellt: An diese Nummer kann man nur Text senden.'),
  ('media', 'pt', 'A sua imagem não foi entregue: este número só aceita texto.'),
  ('media', 'hi', 'आपकी तस्वीर नहीं पहुँचाई गई: इस नंबर पर केवल टेक्स्ट भेजा जा सकता है।'),
  ('opted_out', 'en', 'Your message was not delivered: the other side takes no text messages. Please call this number instead.'),
  ('opted_out', 'es', 'Su mensaje no se ha entregado: la otra persona no recibe mensajes de texto. Llame a este número, por favor.'),
  ('opted_out', 'fr', 'Votre message n''a pas été transmis : votre correspondant ne reçoit pas de SMS. Veuillez appeler ce numéro.'),
  ('opted_out', 'de', 'Ihre Nachricht wurde nicht zugestellt: Die andere Seite nimmt keine SMS an. Bitte rufen Sie diese Nummer an.'),
  ('opted_out', 'pt', 'A sua mensagem não foi entregue: a outra pessoa não recebe mensagens de texto. Ligue para este número.'),
  ('opted_out', 'hi', 'आपका संदेश नहीं पहुँचाया गया: दूसरा पक्ष टेक्स्ट संदेश नहीं लेता। कृपया इस नंबर पर कॉल करें।'),
  ('too_many', 'en', 'Your message was not delivered: too many messages within a minute. Please wait a minute.'),
  ('too_many', 'es', 'Su mensaje no se ha entregado: demasiados mensajes en un minuto. Espere un minuto, por favor.'),
  ('too_many', 'fr', 'Votre message n''a pas été transmis : trop de messages en une minute. Veuillez patienter une minute.'),
  ('too_many', 'de', 'Ihre Nachricht wurde nicht zugestellt: zu viele Nachrichten in einer Minute. Bitte warten Sie eine Minute.'),
  ('too_many', 'pt', 'A sua mensagem não foi entregue: mensagens demais em um minuto. Aguarde um minuto.'),
  ('too_many', 'hi', 'आपका संदेश नहीं पहुँचाया गया: एक मिनट में बहुत अधिक संदेश। कृपया एक मिनट रुकें।')
) AS p (event, code, words) USING (code);

COMMIT;
