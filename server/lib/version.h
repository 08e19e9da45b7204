/* version.h - what --version says; CHANGELOG.md tells what is in it. */
#pragma once

#define VERSION "0.1.0"
