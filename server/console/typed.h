/*
 * typed.h - what people type or paste into a form, and what of it may stand in a URL.
 */
#pragma once

#include <stdbool.h>

#include "form.h"

/* Without the white space of any script at both ends, nor the marks nobody sees that come along
 * when a number is copied from a phone's contacts. */
struct form_text typed_trimmed(struct form_text text);

/* Could it be a phone number: no letter in it, and seven digits or more? */
bool typed_could_be_number(const char *text);

/* Is it a time in digits, as 2026-11-29 19:42? These are seven digits and more too. */
bool typed_is_time(const char *text);
