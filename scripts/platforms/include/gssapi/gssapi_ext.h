/* SPDX-License-Identifier: MIT */
#include <gssapi/gssapi.h>
