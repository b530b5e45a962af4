// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.cache;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/** SHA-256 digests. */
public final class Sha256 {
  private Sha256() {}

  /** Returns a new digest. */
  public static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns the hash in the format of {@code sha256sum}. */
  public static String hex(byte[] content) {
    return HexFormat.of().formatHex(digest().digest(content));
  }

  /** Adds strings and numbers to a digest, each followed by a NUL as a separator. */
  public static void update(MessageDigest digest, List<?> parts) {
    for (Object part : parts) {
      digest.update((part + "\0").getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Returns the first 8 bytes of a digest, for the name of a directory. */
  public static String shortened(MessageDigest digest) {
    return HexFormat.of().formatHex(Arrays.copyOf(digest.digest(), 8));
  }
}
