// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.database;

import io.pghello.extension.testkit.internal.cache.Sha256;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Computes the SCRAM-SHA-256 verifiers that PostgreSQL stores for random passwords. They have a
 * single iteration, because more iterations only protect guessable passwords, and slow each login
 * down.
 */
public final class ScramVerifier {
  private static final int SALT_BYTES = 16;
  private static final String HMAC = "HmacSHA256";

  /** The number of the first and only block of the key that PBKDF2 derives (RFC 8018). */
  private static final byte[] FIRST_BLOCK = {0, 0, 0, 1};

  private ScramVerifier() {}

  /**
   * Returns a verifier with a new salt, for use in {@code PASSWORD '...'}. Servers store it
   * unchanged, so the password is not in their logs.
   *
   * @param password a password in ASCII, which does not need the preparation of other characters
   */
  public static String of(String password) {
    byte[] salt = new byte[SALT_BYTES];
    new SecureRandom().nextBytes(salt);
    return of(password, salt);
  }

  public static String of(String password, byte[] salt) {
    byte[] salted = hmac(password.getBytes(StandardCharsets.US_ASCII), salt, FIRST_BLOCK);
    byte[] storedKey = Sha256.digest().digest(hmac(salted, ascii("Client Key")));
    byte[] serverKey = hmac(salted, ascii("Server Key"));
    Base64.Encoder encoder = Base64.getEncoder();
    return "SCRAM-SHA-256$1:"
        + encoder.encodeToString(salt)
        + "$"
        + encoder.encodeToString(storedKey)
        + ":"
        + encoder.encodeToString(serverKey);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] hmac(byte[] key, byte[]... parts) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(new SecretKeySpec(key, HMAC));
      for (byte[] part : parts) {
        mac.update(part);
      }
      return mac.doFinal();
    } catch (GeneralSecurityException e) {
      // every Java platform supports this algorithm
      throw new IllegalStateException(e);
    }
  }
}
