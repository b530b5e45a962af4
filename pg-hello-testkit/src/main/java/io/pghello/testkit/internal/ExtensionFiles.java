// SPDX-License-Identifier: MIT
package io.pghello.testkit.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The files of the extension and of {@code pg_hello_ops}, as the jar {@code pg-hello-extension} has
 * them.
 */
public final class ExtensionFiles {
  /** The name of the shared library. */
  public static final String LIBRARY = "pg_hello.so";

  private static final String FOLDER = "/io/pghello/extension/";

  private static final Pattern DEFAULT_VERSION =
      Pattern.compile("^default_version = '(.*)'$", Pattern.MULTILINE);

  // Resources cannot be listed; a test compares this with the folders of the extension.
  static final List<String> SCRIPTS =
      List.of(
          "pg_hello.control",
          "pg_hello--1.0.sql",
          "pg_hello--1.0--1.1.sql",
          "pg_hello--1.1.sql",
          "pg_hello_ops.control",
          "pg_hello_ops--1.0.sql");

  private ExtensionFiles() {}

  /**
   * Returns the platform of this JVM as the folders of the libraries are named, as in {@code
   * linux-amd64}.
   */
  public static String platform() {
    return platform(
        System.getProperty("os.name"),
        System.getProperty("os.arch"),
        Files.exists(Path.of("/etc/alpine-release")));
  }

  /** The same for a machine with these properties; {@code musl} says whose C library it has. */
  public static String platform(String os, String architecture, boolean musl) {
    String arch =
        switch (architecture) {
          case "x86_64" -> "amd64";
          case "aarch64" -> "arm64";
          default -> architecture;
        };
    String system = os.toLowerCase(Locale.ROOT).replace(' ', '-');
    return system + "-" + arch + (musl ? "-musl" : "");
  }

  /**
   * Returns the version of the extension that {@code CREATE EXTENSION} creates with these files.
   */
  public static String version() {
    var matcher =
        DEFAULT_VERSION.matcher(new String(read("pg_hello.control"), StandardCharsets.UTF_8));
    if (!matcher.find()) {
      throw new IllegalStateException("pg_hello.control has no default_version");
    }
    return matcher.group(1);
  }

  /**
   * Refuses a platform that there is no library for, whatever the major.
   *
   * @throws IllegalStateException if it is one; the message names those there are, and the ways
   *     that are left
   */
  public static void requirePlatform(String platform) {
    List<String> platforms =
        libraries().stream().map(path -> path.substring(0, path.indexOf('/'))).distinct().toList();
    if (!platforms.contains(platform)) {
      throw new IllegalStateException(
          "The embedded PostgreSQL with pg_hello runs on "
              + String.join(", ", platforms)
              + " alone, and this is "
              + platform
              + ". Run this on such a machine, or use a container, where its engine runs images of"
              + " linux/amd64 (PgHelloContainer), or a server elsewhere on which the extension was"
              + " installed (PG_HELLO_SERVER=jdbc:postgresql:...).");
    }
  }

  /** Returns what a server of this platform needs: contents by paths in its folder. */
  public static Map<String, byte[]> forServer(int major) {
    var files = new LinkedHashMap<String, byte[]>();
    files.put("lib/postgresql/" + LIBRARY, library(platform(), major));
    scripts().forEach((name, script) -> files.put("share/postgresql/extension/" + name, script));
    return files;
  }

  /** Returns the control files and the scripts by their names. */
  public static Map<String, byte[]> scripts() {
    var scripts = new LinkedHashMap<String, byte[]>();
    for (String name : SCRIPTS) {
      scripts.put(name, read(name));
    }
    return scripts;
  }

  /**
   * Returns the library that was built for a platform and a major.
   *
   * @throws IllegalStateException if there is none; the message names those there are, and the ways
   *     that are left
   */
  public static byte[] library(String platform, int major) {
    String library = platform + "/" + major + "/" + LIBRARY;
    List<String> present = libraries();
    if (!present.contains(library)) {
      throw new IllegalStateException(
          "pg-hello has no library for PostgreSQL "
              + major
              + " on "
              + platform
              + ", only for "
              + String.join(
                  ", ", present.stream().map(p -> p.replace("/" + LIBRARY, "")).sorted().toList())
              + ". Use one of these, or a container (PgHelloContainer), or a server of your own on"
              + " which the extension was installed with make install.");
    }
    return read(library);
  }

  /** The libraries there are, as {@code platform/major/pg_hello.so}. */
  static List<String> libraries() {
    return new String(read("SHA256SUMS"), StandardCharsets.UTF_8)
        .lines()
        .map(line -> line.substring(line.indexOf(' ')).strip())
        .toList();
  }

  private static byte[] read(String name) {
    try (InputStream in = ExtensionFiles.class.getResourceAsStream(FOLDER + name)) {
      if (in == null) {
        throw new IllegalStateException(
            "No " + FOLDER + name + " on the class path: is the jar pg-hello-extension missing?");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
