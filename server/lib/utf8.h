/*
 * utf8.h - one character of UTF-8.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The length of the UTF-8 character at text, 0 if it is none: overlong forms, surrogates and what
 * lies beyond U+10FFFF included, which others may read as a different character or refuse
 * (libxml2 does). length: the bytes there are, at least 1. */
size_t utf8_character(const char *text, size_t length);

/* The code point of a character of that length at text. */
uint32_t utf8_code_point(const char *text, size_t length);
