// SPDX-License-Identifier: MIT
package io.pghello.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The work of the command is tested in the installer's module. */
class ExtensionCommandTest {
  @TempDir private Path folder;

  private String output(int status, String... arguments) {
    var said = new StringWriter();
    var writer = new PrintWriter(said);
    assertThat(Pghello.commandLine(arguments).setErr(writer).setOut(writer).execute(arguments))
        .as(said.toString())
        .isEqualTo(status);
    return said.toString();
  }

  @Test
  void reportsRejectedArguments() throws IOException {
    Path jar = Files.writeString(folder.resolve("a.jar"), "no jar");
    assertThat(output(3, "extension", "install", folder.resolve("b.jar").toString()))
        .contains("pghello extension: ", "b.jar is not a file");
    assertThat(output(3, "extension", "check", jar.toString())).contains("a.jar is not a jar");
    assertThat(output(3, "extension", "frobnicate", jar.toString())).contains("frobnicate");
    assertThat(output(3, "extension", "check")).contains("JAR");
  }

  /** The exit status is the same as with {@code java -jar}. */
  @Test
  void reportsFailures() throws IOException {
    Path jar = folder.resolve("a.jar");
    try (var out = new JarOutputStream(Files.newOutputStream(jar))) {
      out.putNextEntry(new JarEntry("META-INF/pg-extension/acme.properties"));
      out.write("scripts = acme.control".getBytes(StandardCharsets.UTF_8));
    }
    Path bin = Files.createDirectories(folder.resolve("root/usr/bin"));
    try (var tooLarge = new RandomAccessFile(bin.resolve("postgres").toFile(), "rw")) {
      tooLarge.setLength(3L << 30);
    }
    String root = folder.resolve("root").toString();
    assertThat(output(2, "extension", "check", jar.toString(), "--root", root))
        .contains("pghello extension: ", "memory");
  }
}
