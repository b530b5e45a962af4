// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import io.pghello.plugin.PostgresException;
import io.pghello.plugin.internal.Failures;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** Parses certificates and keys in PEM format. */
final class Pem {
  private static final String KEY = "-----BEGIN PRIVATE KEY-----";

  private Pem() {}

  /**
   * Returns an SSL context for the given certificates and key.
   *
   * @throws PostgresException if only one of {@code cert} and {@code key} is set, or if a value is
   *     invalid; if a value is in the wrong format, the message describes the problem
   */
  static SSLContext context(@Nullable String ca, @Nullable String cert, @Nullable String key) {
    if ((cert == null) != (key == null)) {
      throw Failures.badConfig(
          "ssl.cert and ssl.key must be set together.", "Set both, or neither.");
    }
    try {
      TrustManager[] trust = ca == null ? null : trust(certificates("ssl.ca", ca));
      KeyManager[] keys = null;
      if (cert != null && key != null) {
        keys = keys(certificates("ssl.cert", cert), key);
      }
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys, trust, null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw Failures.badConfig(
          "A certificate or the key in ssl cannot be used.", "Check ssl.ca, ssl.cert and ssl.key.");
    }
  }

  private static TrustManager[] trust(List<? extends Certificate> certificates)
      throws GeneralSecurityException, IOException {
    KeyStore store = emptyStore();
    for (int i = 0; i < certificates.size(); i++) {
      store.setCertificateEntry("ca" + i, certificates.get(i));
    }
    var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory.getTrustManagers();
  }

  private static KeyManager[] keys(List<? extends Certificate> chain, String key)
      throws GeneralSecurityException, IOException {
    KeyStore store = emptyStore();
    PrivateKey known = key(key, chain.get(0).getPublicKey().getAlgorithm());
    store.setKeyEntry("client", known, new char[0], chain.toArray(Certificate[]::new));
    var factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, new char[0]);
    return factory.getKeyManagers();
  }

  private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    return store;
  }

  private static List<? extends Certificate> certificates(String option, String pem)
      throws CertificateException {
    if (pem.contains("-----BEGIN CERTIFICATE-----")) {
      var in = new ByteArrayInputStream(pem.getBytes(StandardCharsets.UTF_8));
      return List.copyOf(CertificateFactory.getInstance("X.509").generateCertificates(in));
    }
    throw Failures.badConfig(
        option + " is not a PEM certificate.",
        "Set it to the text of the file, which begins with -----BEGIN "
            + "CERTIFICATE-----, not to its path.");
  }

  private static PrivateKey key(String pem, String algorithm) throws GeneralSecurityException {
    if (pem.contains("ENCRYPTED")) {
      throw Failures.badConfig(
          "ssl.key is encrypted.", "Decrypt it: openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW");
    }
    if (pem.contains("-----BEGIN RSA PRIVATE KEY") || pem.contains("-----BEGIN EC PRIVATE KEY")) {
      throw Failures.badConfig(
          "ssl.key is in an OpenSSL-specific format.",
          "Convert it to PKCS #8: openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW");
    }
    int begin = pem.indexOf(KEY);
    int end = pem.indexOf("-----END PRIVATE KEY-----", begin + KEY.length());
    if (begin < 0 || end < 0) {
      throw Failures.badConfig(
          "ssl.key is not a PEM key.",
          "Set it to the text of the file, which begins with " + KEY + ", not to its path.");
    }
    byte[] der;
    try {
      der = Base64.getMimeDecoder().decode(pem.substring(begin + KEY.length(), end));
    } catch (IllegalArgumentException e) {
      throw Failures.badConfig("ssl.key is damaged.", "Copy the complete text of the file.");
    }
    try {
      return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
    } catch (GeneralSecurityException e) {
      throw Failures.badConfig(
          "ssl.key does not match ssl.cert, which has a key of type " + algorithm + ".",
          "Set a matching pair.");
    }
  }
}
