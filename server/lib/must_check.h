/* must_check.h - marks a result that may not be ignored. */
#pragma once

#define MUST_CHECK __attribute__((warn_unused_result))
