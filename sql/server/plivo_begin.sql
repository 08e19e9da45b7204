-- Which run of number-masking-plivo is this?
SELECT masking.plivo_begin($1, $2, $3)
