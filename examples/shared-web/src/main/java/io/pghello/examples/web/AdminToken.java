// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;

/**
 * The token that administrators send as {@code Authorization: Bearer}. Without a configured token,
 * there are no administrators. Thread-safe.
 */
public final class AdminToken {
  private static final int MIN_LENGTH = 16;
  private static final String SCHEME = "Bearer ";

  private final String property;
  private final byte @Nullable [] digest;

  /**
   * Creates the token.
   *
   * @param property the name of the token's property, for error messages
   * @param token the token, with at least 16 characters; surrounding whitespace is removed; blank
   *     for no token
   * @throws IllegalArgumentException if the token is too short, because it could be guessed
   */
  public AdminToken(String property, String token) {
    String stripped = token.strip();
    if (!stripped.isEmpty() && stripped.length() < MIN_LENGTH) {
      throw new IllegalArgumentException(
          property
              + " must have "
              + MIN_LENGTH
              + " characters or more, so that it cannot be guessed");
    }
    this.property = property;
    this.digest = stripped.isEmpty() ? null : digest(stripped);
  }

  /** Returns whether a request contains the token. */
  public boolean isSentBy(HttpServletRequest request) {
    String token = tokenOf(request);
    return token != null && matches(token);
  }

  /** Returns whether a token is configured, but a request contains a different one. */
  public boolean isMistakenBy(HttpServletRequest request) {
    String token = tokenOf(request);
    return digest != null && token != null && !matches(token);
  }

  private static @Nullable String tokenOf(HttpServletRequest request) {
    String header = request.getHeader(HttpHeaders.AUTHORIZATION);
    if (header == null || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      return null;
    }
    String token = header.substring(SCHEME.length()).strip();
    return token.isEmpty() ? null : token;
  }

  // compares in constant time
  private boolean matches(String token) {
    return digest != null && MessageDigest.isEqual(digest, digest(token));
  }

  // compare hashes, because all hashes have the same length
  private static byte[] digest(String token) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Returns the problem for a request without the token. Its status is 401, or 403 if no token is
   * configured.
   */
  public ProblemDetail refusal() {
    return digest != null
        ? Problems.of(
            HttpStatus.UNAUTHORIZED,
            "UNAUTHORIZED",
            "This request needs the administrator's token in the header Authorization: Bearer.")
        : Problems.of(
            HttpStatus.FORBIDDEN,
            "ADMIN_DISABLED",
            "This service was started without an administrator's token (" + property + ").");
  }

  /** Writes the problem to the response. */
  public void reject(HttpServletResponse response, ProblemWriter writer) throws IOException {
    if (digest != null) {
      response.setHeader(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
    }
    writer.write(response, refusal());
  }
}
