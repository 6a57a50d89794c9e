#ifndef VERNAL_CHIREDIS_H
#define VERNAL_CHIREDIS_H

#include <stddef.h>
#include <hiredis/hiredis.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* These are macros in OpenSSL, which Swift cannot see. */
static inline int vernal_ssl_require_tls12(SSL_CTX *context) {
    return (int) SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}
static inline int vernal_ssl_set_server_name(SSL *ssl, const char *name) {
    return (int) SSL_set_tlsext_host_name(ssl, (char *) name);
}

#endif
