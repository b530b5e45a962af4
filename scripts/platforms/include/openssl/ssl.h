/* SPDX-License-Identifier: MIT */
/*
 * The names that the server's headers use, for compiling extensions without the headers of OpenSSL. Extensions only see pointers to
 * these types.
 */
#pragma once
typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;
typedef struct x509_st X509;
