// SPDX-License-Identifier: MIT
package io.pghello.cli.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;

/** Replaces files atomically, because other programs may read them at any time. */
public final class Replacement {
  /** Writes the contents of a file. */
  public interface Writing {
    void to(Path path) throws IOException;
  }

  private Replacement() {}

  public static void write(Path file, String mode, String text) throws IOException {
    of(file, mode, path -> Files.writeString(Directories.createFile(path, "rw-------"), text));
  }

  /** Writes a file under a temporary name, then sets its mode and renames it. */
  public static void of(Path file, String mode, Writing writing) throws IOException {
    // The temporary name is unique, because another program may replace the file at the same time.
    Path written = file.resolveSibling(file.getFileName() + "." + UUID.randomUUID() + ".new");
    try {
      writing.to(written);
      Files.setPosixFilePermissions(written, PosixFilePermissions.fromString(mode));
      Files.move(
          written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(written);
    }
  }
}
