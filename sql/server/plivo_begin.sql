-- Which run of number-masking-plivo is this? NULL while another is at work.
SELECT masking.plivo_begin($1, $2, $3)
