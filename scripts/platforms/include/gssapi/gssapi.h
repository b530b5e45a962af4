/* SPDX-License-Identifier: MIT */
/* The names that the server's headers use, for compiling extensions without the headers of Kerberos. See RFC 2744. */
#pragma once
#include <stddef.h>

typedef struct gss_buffer_desc_struct
{
  size_t length;
  void *value;
} gss_buffer_desc, *gss_buffer_t;
typedef unsigned int OM_uint32;
typedef struct gss_name_struct *gss_name_t;
typedef struct gss_cred_id_struct *gss_cred_id_t;
typedef struct gss_ctx_id_struct *gss_ctx_id_t;
