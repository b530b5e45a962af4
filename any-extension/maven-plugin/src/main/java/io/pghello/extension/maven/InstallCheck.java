// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import static io.pghello.extension.maven.ShellScript.quoted;
import static io.pghello.extension.maven.ShellScript.word;

import io.pghello.extension.testkit.ExtensionServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Runs {@code make installcheck} in the copy of the sources, and counts the passed tests. */
record InstallCheck(CommandRunner runner, MakeCommand make, PgConfig config, BuildDirectory build) {
  private static final String DIFFERENCES = "regression.diffs";

  /** Beginning of the log line that precedes the tests of one kind. */
  private static final String KIND = "pg-extension-maven-plugin runs ";

  /** The log line about an option that is not passed to pg_regress. */
  private static final String OWN_SERVER = "pg-extension-maven-plugin ignores --temp-instance";

  private static final String REGRESSION = "regression tests";
  private static final String ISOLATION = "isolation tests";
  private static final String TAP = "TAP tests";

  /** Matches the message of a server on Linux or macOS about a symbol that it lacks. */
  private static final Pattern UNDEFINED_SYMBOL =
      Pattern.compile("undefined symbol: |symbol not found in flat namespace|Symbol not found: ");

  /** Matches a passed test in the output of pg_regress. Version 16 changed the format. */
  private static final Pattern PASSED =
      Pattern.compile("(?:test|    ) +\\S+ +\\.\\.\\. +ok\\b.*|ok \\d+ +[-+] .*");

  /**
   * Runs the tests that the Makefile lists.
   *
   * @param sockets the directory of the server's socket, through which clients log in without a
   *     password
   * @param log a consumer that receives messages about skipped tests and the numbers of passed
   *     tests
   * @param warn a consumer that receives a warning if the Makefile lists no tests
   */
  void run(ExtensionServer server, Path sockets, Consumer<String> log, Consumer<String> warn)
      throws IOException, BuildException {
    Path copy = build.source();
    Path said = build.path().resolve("regress.log");
    ProcessBuilder builder =
        runner
            .builder(command(server), copy)
            .redirectErrorStream(true)
            .redirectOutput(said.toFile());
    builder.environment().keySet().removeIf(variable -> variable.matches("PG[A-Z]+"));
    builder
        .environment()
        .putAll(
            Map.of(
                "PGHOST",
                sockets.toString(),
                "PGPORT",
                Integer.toString(server.port()),
                "PGUSER",
                "postgres",
                "PGPASSWORD",
                server.password()));
    // put the extension's programs on the path, like installed programs
    Path programs = Path.of("/").relativize(Path.of(config.query("--bindir")));
    CommandRunner.putFirst(builder, config.path().getParent());
    CommandRunner.putFirst(builder, build.installed().resolve(programs));
    // delete the files of an earlier run
    for (Path file : differences(copy)) {
      Files.delete(file);
    }
    if (CommandRunner.waitFor(builder.start()) != 0) {
      String end = LogFile.end(said) + shown(differences(copy));
      throw new BuildException(
          "Tests failed for PostgreSQL "
              + build.major()
              + "; "
              + said
              + " ends with:\n"
              + end
              + versions(end, server));
    }
    report(LogFile.lines(said), log, warn);
  }

  private List<String> command(ExtensionServer server) throws IOException {
    Path folder = build.path();
    Path libraries = clientLibraries(server);
    if (libraries != null) {
      // psql must not use the server's libpq, because psql may need a later version of libpq
      ShellScript.writeProgram(
          folder,
          "psql",
          "LD_LIBRARY_PATH="
              + word(runner.environment().getOrDefault("LD_LIBRARY_PATH", ""))
              + " exec psql \"$@\"");
    }
    String options =
        " --bindir="
            + (libraries == null ? "" : quoted(ShellScript.programs(folder)))
            + " $(pg_regress_locale_flags) $(EXTRA_REGRESS_OPTS)";
    Path regress = regress(folder, REGRESSION, regressProgram(server), libraries);
    Path isolation =
        regress(
            folder,
            ISOLATION,
            testPrograms(server).resolve("isolation/pg_isolation_regress"),
            libraries);
    return MakeCommand.with(
        make.command(config),
        "installcheck",
        // this server preloads the required libraries, so it can run tests that other servers
        // cannot
        "NO_INSTALLCHECK=",
        "pg_regress_installcheck=" + quoted(regress) + " --inputdir=$(srcdir)" + options,
        "pg_isolation_regress_installcheck="
            + quoted(isolation)
            + " --inputdir=$(srcdir) --outputdir=output_iso"
            + options,
        "prove_installcheck=@echo " + KIND + TAP);
  }

  /** Returns the path of the server's program {@code pg_regress}, which not every server has. */
  static Path regressProgram(ExtensionServer server) {
    return testPrograms(server).resolve("regress/pg_regress");
  }

  private static Path testPrograms(ExtensionServer server) {
    return server.libraryDirectory().resolve("pgxs/src/test");
  }

  /**
   * Returns the directory of the libpq that comes with the server and that its programs may need;
   * null if there is none.
   */
  private static @Nullable Path clientLibraries(ExtensionServer server) throws IOException {
    Path folder = server.programDirectory().toRealPath().resolveSibling("lib");
    return Files.exists(folder.resolve("libpq.so.5")) ? folder : null;
  }

  /**
   * If the server lacks a symbol that the library needs, returns a sentence with the versions of
   * the server and of the library's headers. Returns an empty string if they do not explain the
   * problem.
   */
  private String versions(String output, ExtensionServer server) throws IOException {
    String headers = build.headersVersion();
    if (headers == null || !UNDEFINED_SYMBOL.matcher(output).find()) {
      return "";
    }
    String version = server.version();
    return headers.equals(version)
        ? ""
        : " The server is PostgreSQL %s, and the library was built with headers of %s: build it with headers of %1$s, which PG_CONFIG selects, or use a server of %2$s."
            .formatted(version, headers);
  }

  /** Logs the numbers of passed tests in the output of make. */
  private void report(List<String> output, Consumer<String> log, Consumer<String> warn) {
    int major = build.major();
    var counts = new HashMap<String, Integer>();
    String kind = "";
    if (output.contains(OWN_SERVER)) {
      log.accept(
          "PostgreSQL "
              + major
              + ": the option --temp-instance of REGRESS_OPTS is ignored, because the tests run on"
              + " the plugin's server");
    }
    for (String line : output) {
      if (line.startsWith(KIND)) {
        kind = line.substring(KIND.length());
        counts.putIfAbsent(kind, 0);
      } else if (PASSED.matcher(line).matches()) {
        counts.merge(kind, 1, Integer::sum);
      }
    }
    if (counts.containsKey(TAP)) {
      log.accept(
          "PostgreSQL "
              + major
              + ": TAP_TESTS are not run, because they start their own servers, which do not have"
              + " this extension");
    }
    if (counts.isEmpty()) {
      warn.accept(
          "PostgreSQL "
              + major
              + ": the Makefile lists no tests (variables REGRESS and ISOLATION)");
      return;
    }
    log.accept(
        "PostgreSQL "
            + major
            + ": "
            + counted(counts.getOrDefault(REGRESSION, 0), "regression test")
            + " and "
            + counted(counts.getOrDefault(ISOLATION, 0), "isolation test")
            + " passed");
  }

  private static String counted(int count, String noun) {
    return count + " " + noun + (count == 1 ? "" : "s");
  }

  /**
   * Creates a script that prints the kind of the tests, and then runs the given program with the
   * server's libpq. It removes the option that would start a server without the extension's files.
   */
  private static Path regress(Path folder, String kind, Path program, @Nullable Path libraries)
      throws IOException {
    return ShellScript.writeProgram(
        folder,
        Objects.requireNonNull(program.getFileName()).toString(),
        "echo "
            + word(KIND + kind)
            + """

            n=$#
            while [ "$n" -gt 0 ]; do
              argument=$1
              shift
              n=$((n - 1))
              case $argument in
                --temp-instance=*) echo 'OWN_SERVER' ;;
                --temp-instance)
                  echo 'OWN_SERVER'
                  shift
                  n=$((n - 1))
                  ;;
                *) set -- "$@" "$argument" ;;
              esac
            done
            """
                .replace("OWN_SERVER", OWN_SERVER)
            + (libraries == null ? "" : "LD_LIBRARY_PATH=" + word(libraries.toString()) + " ")
            + "exec "
            + word(program.toString())
            + " \"$@\"");
  }

  /** Returns the files {@code regression.diffs} in a directory and its subdirectories. */
  private static List<Path> differences(Path copy) throws IOException {
    try (Stream<Path> files = Files.walk(copy)) {
      return files.filter(file -> file.endsWith(DIFFERENCES)).sorted().toList();
    }
  }

  /** Returns the beginning of each file. */
  private static String shown(List<Path> files) throws IOException {
    var shown = new StringBuilder();
    for (Path file : files) {
      shown.append('\n').append(file).append(" begins with:\n");
      LogFile.lines(file).stream()
          .limit(LogFile.LINES_SHOWN)
          .forEach(line -> shown.append(line).append('\n'));
    }
    return shown.toString();
  }
}
