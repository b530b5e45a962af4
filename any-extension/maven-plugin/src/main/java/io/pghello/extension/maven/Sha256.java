// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 digests. */
final class Sha256 {
  private Sha256() {}

  /** Returns a new digest. */
  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns the digest of a content in the format of {@code sha256sum}. */
  static String hex(byte[] content) {
    return HexFormat.of().formatHex(digest().digest(content));
  }
}
