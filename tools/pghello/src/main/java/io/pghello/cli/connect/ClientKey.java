// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import io.pghello.cli.output.Failure;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the key of a client certificate, in the formats that libpq supports: PKCS #8, PKCS #1 and
 * SEC 1, as PEM or DER.
 */
final class ClientKey {
  private static final Pattern PEM =
      Pattern.compile("-----BEGIN ((?:[A-Z]+ )?)PRIVATE KEY-----(.*?)-----END", Pattern.DOTALL);

  private ClientKey() {}

  /**
   * Returns the key in a file.
   *
   * @param certified the public key in the certificate
   * @throws IllegalArgumentException if libpq would not use the file
   * @throws Failure if the key is encrypted
   */
  static PrivateKey read(Path file, PublicKey certified) {
    check(file);
    byte[] bytes = TlsFile.read(file);
    Matcher pem = PEM.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
    if (pem.find()) {
      Failure.throwIf(
          pem.group(1).equals("ENCRYPTED ") || pem.group(2).contains("ENCRYPTED"),
          "the key %s of the client certificate is encrypted, but pghello does not ask for passwords: set sslkey to a copy that openssl pkey has decrypted"
              .formatted(file));
      bytes = Base64.getMimeDecoder().decode(pem.group(2));
    }
    try {
      PrivateKey key = key(bytes, certified);
      if (isPair(key, certified)) {
        return key;
      }
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException(
          "cannot read the key %s of the client certificate (%s): set sslkey to a file with the key of this certificate in PEM format"
              .formatted(file, e.getMessage()),
          e);
    }
    throw new IllegalArgumentException(
        "the key %s does not belong to the client certificate: set sslcert and sslkey to a pair"
            .formatted(file));
  }

  private static void check(Path file) {
    try {
      if (!Files.exists(file)) {
        throw new IllegalArgumentException(
            "the key %s of the client certificate does not exist: set sslkey".formatted(file));
      }
      if (!Files.isRegularFile(file)) {
        throw new IllegalArgumentException(
            "the key %s of the client certificate is not a regular file: set sslkey"
                .formatted(file));
      }
      if (!Files.getFileStore(file).supportsFileAttributeView("posix")) {
        return;
      }
      Set<PosixFilePermission> refused =
          PosixFilePermissions.fromString(
              Files.getAttribute(file, "unix:uid").equals(0) ? "----wxrwx" : "---rwxrwx");
      refused.retainAll(Files.getPosixFilePermissions(file));
      if (!refused.isEmpty()) {
        throw new IllegalArgumentException(
            "other users have access to the key %s of the client certificate: run chmod 600"
                .formatted(file));
      }
    } catch (IOException e) {
      throw new IllegalArgumentException("cannot read " + file + ": " + Failure.reason(e), e);
    }
  }

  private static PrivateKey key(byte[] bytes, PublicKey certified) throws GeneralSecurityException {
    KeyFactory factory = KeyFactory.getInstance(certified.getAlgorithm());
    try {
      return factory.generatePrivate(new PKCS8EncodedKeySpec(bytes));
    } catch (InvalidKeySpecException e) {
      // PKCS #1 and SEC 1 are the last element of PKCS #8. The element before it, the algorithm, is
      // also the first element of the public key.
      byte[] publicKey = certified.getEncoded();
      int begin = publicKey[1] < 0 ? 2 + (publicKey[1] & 0x7f) : 2;
      int end = begin + 2 + publicKey[begin + 1];
      var content = new ByteArrayOutputStream();
      content.writeBytes(new byte[] {2, 1, 0});
      content.write(publicKey, begin, end - begin);
      content.writeBytes(element(0x04, bytes));
      return factory.generatePrivate(new PKCS8EncodedKeySpec(element(0x30, content.toByteArray())));
    }
  }

  /** Returns a DER element. */
  private static byte[] element(int tag, byte[] content) {
    var element = new ByteArrayOutputStream();
    element.write(tag);
    int length = content.length;
    if (length < 0x80) {
      element.write(length);
    } else {
      int bytes = length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
      element.write(0x80 | bytes);
      for (int i = bytes - 1; i >= 0; i--) {
        element.write(length >> (8 * i));
      }
    }
    element.writeBytes(content);
    return element.toByteArray();
  }

  /** Returns whether a signature of the key matches the certificate. */
  private static boolean isPair(PrivateKey key, PublicKey certified)
      throws GeneralSecurityException {
    String algorithm =
        switch (key.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          case "DSA" -> "SHA256withDSA";
          default -> key.getAlgorithm();
        };
    byte[] text = "pghello".getBytes(StandardCharsets.US_ASCII);
    Signature signature = Signature.getInstance(algorithm);
    signature.initSign(key);
    signature.update(text);
    byte[] signed = signature.sign();
    signature.initVerify(certified);
    signature.update(text);
    return signature.verify(signed);
  }
}
