// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** Makes folders as {@code make install DESTDIR=} makes them. */
public final class Stage {
  /** Where Debian has what belongs to PostgreSQL 17. */
  public static final String SHARED = "usr/share/postgresql/17/";

  /** Where Debian has the libraries of PostgreSQL 17. */
  public static final String LIBRARIES = "usr/lib/postgresql/17/lib/";

  private Stage() {}

  /** Installs an extension that is a script, and returns the folder. */
  public static Path of(Path folder, String name, String script) {
    return of(folder, name, "", script);
  }

  /** Installs an extension whose control file has more lines. */
  public static Path of(Path folder, String name, String control, String script) {
    // without a major, as tests run on several
    write(
        folder.resolve("usr/local/share/extension/" + name + ".control"),
        "comment = 'made by a test'\ndefault_version = '1.0'\n" + control);
    write(folder.resolve("usr/local/share/extension/" + name + "--1.0.sql"), script);
    return folder;
  }

  /** Writes a file and the folders that it is in. */
  public static Path write(Path file, String content) {
    return write(file, content.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  /** Writes a file and the folders that it is in. */
  public static Path write(Path file, byte[] content) {
    try {
      Files.createDirectories(Objects.requireNonNull(file.getParent()));
      return Files.write(file, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns a library that was built for PostgreSQL of a major. */
  public static byte[] library(int major) {
    String resource = "/io/pghello/extension/linux-amd64/" + major + "/pg_hello.so";
    try (InputStream in = Stage.class.getResourceAsStream(resource)) {
      return Objects.requireNonNull(in, resource).readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns a file of an extension on the class path. */
  public static byte[] file(String name) {
    try (InputStream in = Stage.class.getResourceAsStream("/io/pghello/extension/" + name)) {
      return Objects.requireNonNull(in, name).readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
