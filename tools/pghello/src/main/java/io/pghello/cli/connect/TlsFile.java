// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import io.pghello.cli.output.Failure;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads files with certificates or keys, up to a maximum size. */
final class TlsFile {
  /** The maximum size of a file, several times the size of a bundle of all public authorities. */
  private static final int MAX_BYTES = 16 << 20;

  private TlsFile() {}

  /**
   * Returns the bytes of a file.
   *
   * @throws IllegalArgumentException if the file cannot be read, or is too large
   */
  static byte[] read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new IllegalArgumentException(
            file
                + " is larger than 16 MB: set sslcert, sslkey and sslrootcert to files in PEM format");
      }
      return bytes;
    } catch (IOException e) {
      throw new IllegalArgumentException("cannot read " + file + ": " + Failure.reason(e), e);
    }
  }
}
