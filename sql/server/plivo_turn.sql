-- What does number-masking-plivo say and do next, now that this was answered? No status: nothing
-- was asked yet, or it is to be asked once more.
SELECT kind, words, method, path, body, safe::integer, pause, exit_code
FROM masking.plivo_turn(($1::bigint[])[1], ($2::bigint[])[1]::integer, ($3::text[])[1])
