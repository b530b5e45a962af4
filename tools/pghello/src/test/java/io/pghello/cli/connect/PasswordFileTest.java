// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.pghello.cli.output.Failure;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The same rules as in libpq's {@code passwordFromFile}. */
class PasswordFileTest {
  @TempDir private Path folder;

  static Stream<Arguments> lines() {
    return Stream.of(
        arguments("h:1:d:u:secret", "secret"),
        arguments("*:*:*:*:secret", "secret"),
        arguments("h:1:d:*:first\nh:1:d:u:second", "first"),
        arguments("x:1:d:u:first\nh:2:d:u:second\nh:1:d:v:third\nh:1:d:u:last", "last"),
        arguments("#h:1:d:u:comment\nh:1:d:u:secret", "secret"),
        arguments(" #h:1:d:u:no comment", null),
        arguments(" h:1:d:u:secret", null),
        arguments("hh:1:d:u:secret", null),
        arguments("h*:1:d:u:secret", null),
        arguments("h:1:d:secret", null),
        arguments("h:1:d:u", null),
        arguments("h:1:d:u:a\\:b\\\\c\\@d\\", "a:b\\c@d\\"),
        arguments("h:1:d:u:secret:rest", "secret"),
        arguments("h:1:d:u: secret ", " secret "),
        arguments("\\h:1:\\d:u:secret", "secret"),
        arguments("h\\:1:d:u:secret", null),
        arguments("h:1:d:u:secret\r\n", "secret"),
        arguments("\n\r\nh:1:d:u:K\u00f6ln", "K\u00f6ln"),
        arguments("h:1:d:u:", ""));
  }

  @ParameterizedTest
  @MethodSource("lines")
  void readsPasswordsAsLibpq(String lines, @Nullable String password) throws IOException {
    write(lines);
    assertThat(find("h", "1", "d", "u")).isEqualTo(password);
  }

  @Test
  void matchesEscapedFields() throws IOException {
    write("\\:\\:1:1:a\\:b:c\\\\d:secret\n");
    assertThat(find("::1", "1", "a:b", "c\\d")).isEqualTo("secret");
    assertThat(find("::2", "1", "a:b", "c\\d")).isNull();
  }

  @Test
  void findsDefaultSocketAsLocalhost() throws IOException {
    write("localhost:1:d:u:local\n/tmp:1:d:u:tmp\n/var/run/postgresql:1:d:u:never\n");
    assertThat(find("/var/run/postgresql", "1", "d", "u")).isEqualTo("local");
    assertThat(find("/tmp", "1", "d", "u")).isEqualTo("tmp");
  }

  @Test
  void readsLinesInAnyEncoding() throws IOException {
    byte[] lines =
        "# K\u00f6ln\nh:1:d:u:secret\n*:*:*:*:\u00f6".getBytes(StandardCharsets.ISO_8859_1);
    Path file = Files.write(write(""), lines);
    assertThat(find("h", "1", "d", "u")).isEqualTo("secret");
    assertThatThrownBy(() -> find("h", "1", "d", "v"))
        .isInstanceOf(Failure.class)
        .hasMessage(file + ", password: the value is not UTF-8 text: use UTF-8");
  }

  @Test
  @ResourceLock(Resources.SYSTEM_ERR)
  void ignoresFilesThatOthersCanReadWithOneWarning() throws IOException {
    Path file = write("h:1:d:u:secret\n");
    var printed = new ByteArrayOutputStream();
    PrintStream before = System.err;
    System.setErr(new PrintStream(printed, /* autoFlush= */ true, StandardCharsets.UTF_8));
    try {
      for (String mode : new String[] {"rw-r-----", "rw-----w-", "rwx--x---"}) {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
        assertThat(find("h", "1", "d", "u")).as(mode).isNull();
      }
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
      assertThat(find("h", "1", "d", "u")).isEqualTo("secret");
      assertThat(PasswordFile.find(folder, "h", "1", "d", "u")).isNull();
      assertThat(PasswordFile.find(folder.resolve("none"), "h", "1", "d", "u")).isNull();
    } finally {
      System.setErr(before);
    }
    assertThat(printed.toString(StandardCharsets.UTF_8).lines())
        .filteredOn(line -> line.contains(folder.toString()))
        .containsExactly(
            "pghello: ignored the password file "
                + file
                + ", which other users can access: run chmod 600",
            "pghello: ignored the password file " + folder + ": set PGPASSFILE to a plain file");
  }

  private @Nullable String find(String host, String port, String database, String user) {
    return PasswordFile.find(folder.resolve("pgpass"), host, port, database, user);
  }

  private Path write(String text) throws IOException {
    Path file = Files.writeString(folder.resolve("pgpass"), text);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
  }
}
