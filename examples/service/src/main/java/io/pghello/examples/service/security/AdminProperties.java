// SPDX-License-Identifier: MIT
package io.pghello.examples.service.security;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties {@code greeting.*} that say who is an administrator.
 *
 * @param adminToken what they send as {@code Authorization: Bearer}, 16 characters or more; nobody
 *     is one without it
 * @param adminAttempts how many wrong tokens a client may send in 15 minutes
 */
@ConfigurationProperties("greeting")
record AdminProperties(@Nullable String adminToken, @DefaultValue("10") int adminAttempts) {
  private static final int MIN_LENGTH = 16;

  AdminProperties {
    if (adminAttempts < 1) {
      throw new IllegalArgumentException("greeting.admin-attempts must be 1 or more");
    }
    adminToken = adminToken == null || adminToken.isBlank() ? null : adminToken.strip();
    if (adminToken != null && adminToken.length() < MIN_LENGTH) {
      throw new IllegalArgumentException(
          "greeting.admin-token must have "
              + MIN_LENGTH
              + " characters or more, not to be guessed");
    }
  }

  boolean isConfigured() {
    return adminToken != null;
  }

  /** Returns whether it is the token, in a time that does not depend on either of them. */
  boolean matches(String token) {
    return adminToken != null && MessageDigest.isEqual(digest(adminToken), digest(token));
  }

  // of the same length, whatever the token's is
  private static byte[] digest(String token) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The token is a secret. */
  @Override
  public String toString() {
    return "AdminProperties[adminToken=" + (isConfigured() ? "set" : "not set") + "]";
  }
}
