// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServiceFileTest {
  @TempDir private Path home;

  @BeforeEach
  void writeFile() throws IOException {
    Files.writeString(
        home.resolve(".pg_service.conf"),
        """
        # host=comment
        host=outside
        [app] # libpq ignores the rest of this line
          host=db.example.com\t
        # port=1
        port=5433
        password=a=b
        host=second
        sslrootcert=

        [other]
        host= other
        """);
  }

  @Test
  void readsOneSection() {
    assertThat(read("app", Map.of()))
        .containsExactly(
            Map.entry("host", "db.example.com"),
            Map.entry("port", "5433"),
            Map.entry("password", "a=b"),
            Map.entry("sslrootcert", ""));
    assertThat(read("other", Map.of())).containsExactly(Map.entry("host", " other"));
  }

  @Test
  void searchesSameFilesAsLibpq() throws IOException {
    Path folder = Files.createDirectory(home.resolve("etc"));
    Files.writeString(
        folder.resolve("pg_service.conf"), "[system]\nhost=system\n[app]\nhost=system\n");
    Map<String, String> variables = Map.of("PGSYSCONFDIR", folder.toString());
    assertThat(read("system", variables)).containsEntry("host", "system");
    assertThat(read("app", variables)).containsEntry("host", "db.example.com");
    // The root directory, not the current one.
    assertThatThrownBy(() -> read("none", Map.of("PGSYSCONFDIR", "")))
        .hasMessageEndingWith(" or /pg_service.conf");
    Path file = Files.writeString(home.resolve("mine"), "[other]\nhost=mine\n");
    assertThat(read("other", Map.of("PGSERVICEFILE", file.toString())))
        .containsEntry("host", "mine");
  }

  @Test
  void searchesSystemFileOfDebian() throws IOException {
    Path debian = Files.createDirectory(home.resolve("debian"));
    Files.writeString(debian.resolve("pg_service.conf"), "[system]\nhost=debian\n");
    assertThat(read("system", Map.of())).containsEntry("host", "debian");
    Path folder = Files.createDirectory(home.resolve("etc"));
    Files.writeString(folder.resolve("pg_service.conf"), "[system]\nhost=etc\n");
    assertThat(read("system", Map.of("PGSYSCONFDIR", folder.toString())))
        .containsEntry("host", "etc");
    assertThat(ServiceFile.SYSTEM).isEqualTo(Path.of("/etc/postgresql-common"));
  }

  @Test
  void doesNotFindServicesByTheBeginningOfTheirNames() {
    assertThatThrownBy(() -> read("ap", Map.of()))
        .hasMessageContaining("service ap is not defined");
  }

  @Test
  void reportsSearchedFiles() {
    assertThatThrownBy(() -> read("unheard-of", Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "service unheard-of is not defined in %s/.pg_service.conf or %s/debian/pg_service.conf",
            home, home);
  }

  /** libpq does not search the system's file in these cases either. */
  @Test
  void rejectsMissingServiceFile() throws IOException {
    Path debian = Files.createDirectory(home.resolve("debian"));
    Files.writeString(debian.resolve("pg_service.conf"), "[app]\nhost=debian\n");
    assertThatThrownBy(() -> read("app", Map.of("PGSERVICEFILE", home.toString())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("cannot read " + home + ": Is a directory");
    assertThatThrownBy(() -> read("app", Map.of("PGSERVICEFILE", home + "/none")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("cannot read " + home + "/none: no such file");
    assertThatThrownBy(() -> read("app", Map.of("PGSERVICEFILE", "")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("PGSERVICEFILE is empty: set it to a path, or unset it");
  }

  /** Without the parameter, pghello would connect to another server, or without verifying it. */
  @ParameterizedTest
  @CsvSource({
    "hots=secret, there is no parameter \"hots\": perhaps you mean \"host\"",
    "hostname=secret, there is no parameter \"hostname\": perhaps you mean \"host\"",
    "username=secret, there is no parameter \"username\": perhaps you mean \"user\"",
    "database=secret, there is no parameter \"database\": perhaps you mean \"dbname\"",
    "passwd=secret, there is no parameter \"passwd\": perhaps you mean \"password\"",
    "ssl_mode=secret, there is no parameter \"ssl_mode\": perhaps you mean \"sslmode\"",
    "sslmod=secret, there is no parameter \"sslmod\": perhaps you mean \"sslmode\"",
    "HOST=secret, there is no parameter \"HOST\": perhaps you mean \"host\"",
    "host = secret, there is a blank before the equals sign: remove it",
    "secret, the line must have the form KEYWORD=VALUE",
    "service=secret, a service cannot refer to another service: repeat its parameters",
    "ldap://secret/dc=a, pghello does not look up services in LDAP: write the parameters into the file"
  })
  void rejectsLinesThatLibpqRejects(String line, String message) throws IOException {
    Path file = home.resolve(".pg_service.conf");
    Files.writeString(file, "[before]\n" + line + "\n\n[app]\nport=1\n  " + line + "\n");
    assertThatThrownBy(() -> read("app", Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("%s, line 6: %s", file, message);
  }

  /** libpq checks the lines before the end of the section, and comments, too. */
  @Test
  void rejectsLinesThatAreTooLongForLibpq() throws IOException {
    Path file = home.resolve(".pg_service.conf");
    String longest = "x".repeat(1021);
    Files.writeString(file, "#" + longest.substring(1) + "\n[app]\nport=1\n");
    assertThat(read("app", Map.of())).containsEntry("port", "1");
    Files.writeString(file, "[app]\nport=1\n[other]\n" + longest + "x\n");
    assertThat(read("app", Map.of())).containsEntry("port", "1");
    for (String text :
        new String[] {"#" + longest + "\n[app]\n", "[app]\nport=1\npassword=" + longest}) {
      Files.writeString(file, text);
      assertThatThrownBy(() -> read("app", Map.of()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageMatching(
              ".*, line [13]: the line has more than 1021 bytes, so libpq rejects the file: shorten it")
          .hasMessageStartingWith(file.toString());
    }
  }

  @Test
  void readsCommentsInAnyEncoding() throws IOException {
    Path file = home.resolve(".pg_service.conf");
    byte[] latin1 = "# K\u00f6ln\n".getBytes(StandardCharsets.ISO_8859_1);
    byte[] utf8 = "[K\u00f6ln]\nuser=K\u00f6ln\n".getBytes(StandardCharsets.UTF_8);
    Files.write(file, latin1);
    Files.write(file, utf8, StandardOpenOption.APPEND);
    assertThat(read("K\u00f6ln", Map.of())).containsEntry("user", "K\u00f6ln");
    Files.write(file, "[app]\nuser=K\u00f6ln\n".getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> read("app", Map.of()))
        .hasMessage("%s, line 2: the value is not UTF-8 text: use UTF-8", file);
  }

  private Map<String, String> read(String service, Map<String, String> variables) {
    return ServiceFile.read(service, variables::get, home, home.resolve("debian"));
  }
}
