// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** Creates directories as {@code make install DESTDIR=} does. */
public final class Stage {
  /** Debian's directory of shared files for PostgreSQL 17. */
  public static final String SHARED = "usr/share/postgresql/17/";

  /** Debian's directory of libraries for PostgreSQL 17. */
  public static final String LIBRARIES = "usr/lib/postgresql/17/lib/";

  private Stage() {}

  /** Writes the files of an extension that consists of a script, and returns the directory. */
  public static Path of(Path folder, String name, String script) {
    return of(folder, name, "", script);
  }

  /** Writes the files of an extension with additional lines in its control file. */
  public static Path of(Path folder, String name, String control, String script) {
    // the path contains no major version, because the tests run on several major versions
    write(
        folder.resolve("usr/local/share/extension/" + name + ".control"),
        "comment = 'made by a test'\ndefault_version = '1.0'\n" + control);
    write(folder.resolve("usr/local/share/extension/" + name + "--1.0.sql"), script);
    return folder;
  }

  /** Writes a file and creates its parent directories. */
  public static Path write(Path file, String content) {
    return write(file, content.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  /** Writes a file and creates its parent directories. */
  public static Path write(Path file, byte[] content) {
    try {
      Files.createDirectories(Objects.requireNonNull(file.getParent()));
      return Files.write(file, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns a library built for linux-amd64 and a PostgreSQL major version. */
  public static byte[] library(int major) {
    return library("linux-amd64", major);
  }

  /** Returns a library built for a platform, e.g. linux-arm64, and a PostgreSQL major version. */
  public static byte[] library(String platform, int major) {
    String resource = "/io/pghello/extension/" + platform + "/" + major + "/pg_hello.so";
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
