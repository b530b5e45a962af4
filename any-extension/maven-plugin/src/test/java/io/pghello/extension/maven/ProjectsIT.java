// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.extension.testkit.TestDatabase;
import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.maven.plugin.MojoFailureException;
import org.apache.maven.plugin.logging.SystemStreamLog;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Builds and tests projects that follow the conventions of various existing extensions. */
class ProjectsIT {
  private static final Path PROJECTS = Path.of("src", "test", "resources", "projects");
  private static final String SMALLEST = "contrib_style";
  private static final String CXX_SOURCE =
      """
      extern "C" {
      #include "postgres.h"
      #include "fmgr.h"
      #include "utils/builtins.h"
      PG_MODULE_MAGIC;
      PG_FUNCTION_INFO_V1(twice);
      }
      #include <string>
      extern "C" Datum twice(PG_FUNCTION_ARGS)
      {
        std::string file = __FILE__;
        Assert(!file.empty());
        PG_RETURN_INT32(2 * PG_GETARG_INT32(0) + (file.empty() ? 1 : 0));
      }
      """;

  @TempDir private Path folder;
  private final List<String> said = new ArrayList<>();
  private Path source;

  @BeforeEach
  void chooseSource() {
    source = folder.resolve("source");
  }

  private void copy(String project) throws IOException {
    copy(project, "source");
  }

  private void copy(String project, String to) throws IOException {
    source = folder.resolve(to);
    Path from = PROJECTS.resolve(project);
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.sorted().toList()) {
        Path copy = source.resolve(from.relativize(file).toString());
        Files.createDirectories(copy.getParent());
        Files.copy(file, copy);
      }
    }
  }

  private void write(String file, String text) throws IOException {
    Path path = source.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private void makefile(String... lines) throws IOException {
    write(
        "Makefile",
        String.join("\n", lines)
            + "\nEXTENSION = contrib_style\nDATA = contrib_style--1.0.sql\n"
            + "PG_CONFIG ?= pg_config\nPGXS := $(shell $(PG_CONFIG) --pgxs)\ninclude $(PGXS)\n");
  }

  private CompileMojo compiler() {
    var mojo = new CompileMojo();
    mojo.sourceDirectory = source.toFile();
    mojo.buildDirectory = BuildIT.target(source).toFile();
    mojo.majors = List.of(BuildIT.MAJOR);
    mojo.servers = PlatformsIT::jar;
    mojo.setLog(log());
    return mojo;
  }

  private PackageMojo packer() {
    var mojo = new PackageMojo();
    mojo.buildDirectory = BuildIT.target(source).toFile();
    mojo.classesDirectory = folder.resolve("classes").toFile();
    mojo.majors = List.of(BuildIT.MAJOR);
    mojo.setLog(log());
    return mojo;
  }

  private SystemStreamLog log() {
    return new SystemStreamLog() {
      @Override
      public void info(CharSequence content) {
        said.add(content.toString());
      }

      @Override
      public void warn(CharSequence content) {
        said.add("warning: " + content);
      }
    };
  }

  private void test() throws Exception {
    assumeTrue(
        Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
            .anyMatch(each -> new File(each, "psql").canExecute()),
        "no psql");
    compiler().execute();
    var mojo = new RegressMojo();
    mojo.sourceDirectory = source.toFile();
    mojo.buildDirectory = BuildIT.target(source).toFile();
    mojo.majors = List.of(BuildIT.MAJOR);
    mojo.setLog(log());
    mojo.execute();
  }

  /** Runs all goals, and returns the result of the function on a server. */
  private int twice(String extension) throws Exception {
    return select(extension, "twice(4)");
  }

  private int select(String extension, String expression) throws Exception {
    compiler().execute();
    return load(extension, expression);
  }

  /** Packs what was built, and returns the value of an expression on a server. */
  private int load(String extension, String expression) throws Exception {
    packer().execute();
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    URL classes = folder.resolve("classes").toUri().toURL();
    try (var loader = new URLClassLoader(new URL[] {classes}, before)) {
      Thread.currentThread().setContextClassLoader(loader);
      try (ExtensionServer server =
              ExtensionServer.builder()
                  .extension(NativeExtension.fromClassPath(extension))
                  .start();
          TestDatabase database = server.createDatabase();
          Connection connection = database.dataSource().getConnection();
          Statement statement = connection.createStatement();
          ResultSet row = statement.executeQuery("SELECT " + expression)) {
        row.next();
        return row.getInt(1);
      }
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
  }

  @Test
  void buildsInTheStyleOfContrib() throws Exception {
    copy(SMALLEST);
    assertThat(twice(SMALLEST)).isEqualTo(8);
  }

  @Test
  void buildsByEachNameOfAMakefile() throws Exception {
    for (String name : List.of("GNUmakefile", "makefile")) {
      copy(SMALLEST, name);
      Files.move(source.resolve("Makefile"), source.resolve(name));
      compiler().execute();
      assertThat(library()).isNotEmpty();
    }
  }

  @Test
  void buildsWithThePgConfigOfThePath() throws Exception {
    copy(SMALLEST);
    write(
        "Makefile",
        """
        MODULES = contrib_style
        EXTENSION = contrib_style
        DATA = contrib_style--1.0.sql
        PGXS := $(shell pg_config --pgxs)
        ifneq ($(shell pg_config --version | sed 's/^PostgreSQL //; s/[^0-9].*//'),%d)
        $(error another major)
        endif
        include $(PGXS)
        """
            .formatted(BuildIT.MAJOR));
    compiler().execute();
    assertThat(library()).isNotEmpty();
  }

  @Test
  void buildsWithFunctionsThatTheCLibraryLacks() throws Exception {
    copy("uses_strlcpy");
    assertThat(twice("uses_strlcpy")).isEqualTo(8);
  }

  @Test
  void loadsOrNamesBothVersions() throws Exception {
    copy("uses_getattr");
    try {
      assertThat(twice("uses_getattr")).isEqualTo(8);
    } catch (IllegalStateException e) {
      requireBothVersions(e);
    }
  }

  /**
   * Headers of 17.12 call functions for rows that earlier servers do not have. On Debian, the
   * plugin fetches a server of the same version as the headers.
   */
  @Test
  void loadsALibraryWithARowArgument() throws Exception {
    copy("takes_row");
    assertThat(select("takes_row", "attributes(ROW(1, 2, 3))")).isEqualTo(3);
  }

  /** Without servers from Debian's packages, a library that passes the check loads. */
  @Test
  void checksSymbolsAgainstTheEmbeddedServerIfOthersAreTurnedOff() throws Exception {
    copy("takes_row");
    System.setProperty("pg-extension.debian-servers", "false");
    try {
      assertThat(select("takes_row", "attributes(ROW(1, 2, 3))")).isEqualTo(3);
    } catch (MojoFailureException e) {
      assertThat(e)
          .hasMessageContaining(
              "which PostgreSQL "
                  + ServerPrograms.version(BuildIT.MAJOR).orElseThrow().replaceFirst("\\.0$", "")
                  + " does not have")
          .hasMessageContaining("Remedy: remove the setting pg-extension.debian-servers=false");
    } finally {
      System.clearProperty("pg-extension.debian-servers");
    }
  }

  /** Adds code to the function of the smallest project. */
  private void addCode(String declaration, String expression) throws IOException {
    copy(SMALLEST);
    Path code = source.resolve("contrib_style.c");
    Files.writeString(
        code,
        Files.readString(code)
            .replace("PG_RETURN_INT32(2", "PG_RETURN_INT32(" + expression + " + 2")
            .replace("PG_MODULE_MAGIC;", "PG_MODULE_MAGIC;\n" + declaration));
  }

  @Test
  void failsIfTheServerLacksAFunction() throws Exception {
    addCode("extern int of_a_later_server(void);", "of_a_later_server()");
    assertThatThrownBy(() -> compiler().execute())
        .isInstanceOf(MojoFailureException.class)
        .hasMessageMatching(
            "The library contrib_style\\.so needs the function of_a_later_server, which PostgreSQL"
                + " \\d+\\.\\d+ does not have.*\\. (It was built with the headers of \\S+\\. )?Remedy: .*");
  }

  @Test
  void allowsSymbolsOfOtherExtensions() throws Exception {
    addCode("extern int of_a_later_server(void);", "of_a_later_server()");
    CompileMojo mojo = compiler();
    mojo.allowedSymbols = List.of("of_a_later_server");
    mojo.execute();
    // as if the distribution had since released a newer minor version
    Files.writeString(
        BuildIT.target(source).resolve(BuildIT.MAJOR + "/headers"), BuildIT.MAJOR + ".99");
    assertThatThrownBy(() -> load(SMALLEST, "twice(4)"))
        .isInstanceOf(IllegalStateException.class)
        .satisfies(ProjectsIT::requireBothVersions);
  }

  /** A library that is not linked with libm finds its functions in the server's libm. */
  @Test
  void findsFunctionsInLibrariesOfTheServer() throws Exception {
    addCode("extern double hypot(double, double);", "(int) hypot(PG_GETARG_INT32(0), 3)");
    assertThat(twice(SMALLEST)).isEqualTo(13);
  }

  /** The server would crash, because the variable's address is not code. */
  @Test
  void failsIfAVariableOfTheServerIsCalled() throws Exception {
    addCode("extern int work_mem(void);", "work_mem()");
    Path code = source.resolve("contrib_style.c");
    // the header that declares the variable must not be included
    assertThat(Files.readString(code)).doesNotContain("miscadmin.h");
    assertThatThrownBy(() -> compiler().execute())
        .isInstanceOf(MojoFailureException.class)
        .hasMessageContaining(
            "The library contrib_style.so calls work_mem, which is a variable in PostgreSQL "
                + BuildIT.MAJOR);
  }

  @Test
  void limitsTheNeededGlibc() throws Exception {
    addCode("extern int atoi(const char *);", "atoi(\"0\")");
    compiler().execute();
    PackageMojo mojo = packer();
    mojo.execute();
    assertThat(said)
        .anyMatch(
            line ->
                line.matches(
                    "The libraries for linux-\\S+ need version 2\\.[0-9.]+ or later of the GNU C"
                        + " library"));
    mojo.maxGlibc = "1.0";
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessageMatching(
            "The library linux-\\S+/contrib_style\\.so needs version 2\\.[0-9.]+ of the GNU C library"
                + " because of .*, but pg-extension\\.max-glibc is 1\\.0\\. Remedy: .*");
    mojo.maxGlibc = "new";
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessage("pg-extension.max-glibc must be a version such as 2.31, but is new");
  }

  private static void requireBothVersions(Throwable e) {
    Matcher versions =
        Pattern.compile(
                "undefined symbol: .* The server is PostgreSQL (\\S+), and the library was built"
                    + " with headers of (\\S+): build it with headers of \\1, which PG_CONFIG"
                    + " selects, or use a server of \\2\\.")
            .matcher(String.valueOf(e.getMessage()));
    assertThat(e.getMessage()).containsPattern(versions.pattern());
    assertThat(versions.find()).isTrue();
    // the server may be one from Debian's packages, which is newer than the one on the class path
    assertThat(versions.group(1)).startsWith(BuildIT.MAJOR + ".");
    assertThat(versions.group(2)).startsWith(BuildIT.MAJOR + ".").isNotEqualTo(versions.group(1));
  }

  private void copyCxx(String to) throws IOException {
    copy(SMALLEST, to);
    Files.delete(source.resolve("contrib_style.c"));
    write("contrib_style.cpp", CXX_SOURCE);
    makefile("MODULE_big = contrib_style", "OBJS = contrib_style.o", "SHLIB_LINK = -lstdc++");
  }

  @Test
  void buildsTheSameLibraryOfCxxAnywhere() throws Exception {
    copyCxx("one");
    assertThat(twice(SMALLEST)).isEqualTo(8);
    byte[] library = library();
    assertThat(new String(library, StandardCharsets.ISO_8859_1)).doesNotContain(folder.toString());
    copyCxx("another folder");
    compiler().execute();
    assertThat(library()).isEqualTo(library);
  }

  @Test
  void takesItsOptionsForCxx() throws Exception {
    copyCxx("source");
    CompileMojo strict = compiler();
    strict.strict = true;
    strict.execute();
    CompileMojo sanitized = compiler();
    sanitized.sanitize = "address";
    sanitized.execute();
    assertThat(new String(library(), StandardCharsets.ISO_8859_1)).contains("__asan_init");
    write(
        "contrib_style.cpp",
        CXX_SOURCE.replace("std::string file", "int unused; std::string file"));
    assertThatThrownBy(strict::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessageContaining("unused variable");
  }

  @Test
  void namesTheMissingCompilerOfCxx() throws Exception {
    copyCxx("source");
    Path bin = Files.createDirectory(folder.resolve("bin"));
    for (String program : List.of("bash", "gcc", "make")) {
      Files.writeString(bin.resolve(program), "#!/bin/sh\n");
      assertThat(bin.resolve(program).toFile().setExecutable(true)).isTrue();
    }
    var environment = new HashMap<>(System.getenv());
    environment.put("PATH", bin.toString());
    var pgxs = new Pgxs(source, BuildIT.target(source), false, "", environment);
    assertThatThrownBy(() -> pgxs.build(BuildIT.MAJOR, said::add))
        .isInstanceOf(BuildException.class)
        .hasMessage(
            "Not on the path: g++. Remedy: install them, for example: sudo apt-get install bash gcc"
                + " libc6-dev make g++");
  }

  /** A variable that a Makefile sets with an equals sign cannot come from the environment. */
  @Test
  void passesVariablesToMake() throws Exception {
    copy(SMALLEST);
    Path code = source.resolve("contrib_style.c");
    Files.writeString(code, Files.readString(code) + "\nconst char *mark = \"mark-\" MARK;\n");
    makefile(
        "MODULE_big = contrib_style",
        "OBJS = contrib_style.o",
        "MARK = none",
        "PG_CPPFLAGS = -DMARK='\"$(MARK)\"'");
    compiler().execute();
    assertThat(new String(library(), StandardCharsets.ISO_8859_1)).contains("mark-none");
    CompileMojo mojo = compiler();
    mojo.makeArguments = List.of("MARK=it has blanks");
    mojo.execute();
    assertThat(new String(library(), StandardCharsets.ISO_8859_1)).contains("mark-it has blanks");
    mojo.makeArguments = List.of("-k");
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessage("makeArguments must have the form NAME=VALUE, but there is -k");
    mojo.makeArguments = List.of("DESTDIR=/");
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessage("The plugin sets the variable DESTDIR: remove it from makeArguments");
  }

  @Test
  void namesThePackageOfAMissingFile() throws Exception {
    copy(SMALLEST);
    Path code = source.resolve("contrib_style.c");
    String text = Files.readString(code);
    Files.writeString(code, "#include <libxslt/no_such_header.h>\n" + text);
    assertThatThrownBy(() -> compiler().execute())
        .isInstanceOf(MojoFailureException.class)
        .hasMessageStartingWith(
            "make failed for PostgreSQL "
                + BuildIT.MAJOR
                + ": libxslt/no_such_header.h is missing. Remedy: install it, for example: sudo apt-get"
                + " install libxslt1-dev; ");
    Files.writeString(code, text);
    makefile(
        "MODULE_big = contrib_style", "OBJS = contrib_style.o", "SHLIB_LINK = -lno_such_library");
    assertThatThrownBy(() -> compiler().execute())
        .isInstanceOf(MojoFailureException.class)
        .hasMessageContaining(
            ": -lno_such_library is missing. Remedy: install the package that contains it");
  }

  @Test
  void testsLogInAsOtherRoles() throws Exception {
    copy("other_role");
    test();
    assertThat(said)
        .containsExactly(
            "Built for PostgreSQL " + BuildIT.MAJOR,
            "PostgreSQL %d: 1 regression test and 0 isolation tests passed"
                .formatted(BuildIT.MAJOR));
  }

  @Test
  void sessionsReachTheirServerByDblink() throws Exception {
    copy(SMALLEST);
    makefile("MODULES = contrib_style", "REGRESS = itself");
    write(
        "sql/itself.sql",
        """
        \\t
        CREATE EXTENSION dblink;
        SELECT setting = current_setting('data_directory')
          FROM dblink('', 'SHOW data_directory') AS t(setting text);
        """);
    write(
        "expected/itself.out",
        """
        \\t
        CREATE EXTENSION dblink;
        SELECT setting = current_setting('data_directory')
          FROM dblink('', 'SHOW data_directory') AS t(setting text);
         t

        """);
    test();
    assertThat(said).last().asString().endsWith("1 regression test and 0 isolation tests passed");
  }

  /** The Makefile calls another Makefile, and installs a program in addition to the library. */
  @Test
  void runsProgramsAndTestsInFolders() throws Exception {
    copy(SMALLEST);
    makefile("MODULES = contrib_style", "SCRIPTS = say_hello");
    String top = Files.readString(source.resolve("Makefile"));
    write("say_hello", "#!/bin/sh\necho hello\n");
    write(
        "Makefile",
        top + "\ninstallcheck: below\n.PHONY: below\nbelow:\n\t$(MAKE) -C below installcheck\n");
    write(
        "below/Makefile",
        """
        REGRESS = calls
        TAP_TESTS = 1
        PGXS := $(shell $(PG_CONFIG) --pgxs)
        include $(PGXS)
        """);
    write("below/sql/calls.sql", "\\! say_hello\n");
    write("below/expected/calls.out", "\\! say_hello\nhello\n");
    test();
    packer().execute();
    assertThat(said)
        .contains(
            "PostgreSQL %d: TAP_TESTS are not run, because they start their own servers, which do not have this extension"
                .formatted(BuildIT.MAJOR),
            "PostgreSQL %d: 1 regression test and 0 isolation tests passed"
                .formatted(BuildIT.MAJOR),
            "warning: Not packed for PostgreSQL %1$d, because a jar can contain only libraries and shared files: usr/lib/postgresql/%1$d/bin/say_hello"
                .formatted(BuildIT.MAJOR));
    said.clear();
    write("below/expected/calls.out", "\\! say_hello\ngoodbye\n");
    assertThatThrownBy(this::test)
        .isInstanceOf(MojoFailureException.class)
        .hasMessageMatching("(?s).*below/regression\\.diffs begins with:.*-goodbye\n\\+hello.*");
  }

  private byte[] library() throws IOException {
    try (Stream<Path> files = Files.walk(BuildIT.installed(source))) {
      return Files.readAllBytes(
          files.filter(file -> file.endsWith("contrib_style.so")).findFirst().orElseThrow());
    }
  }
}
