// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.maven.plugin.MojoExecutionException;
import org.apache.maven.plugin.MojoFailureException;
import org.apache.maven.plugin.logging.SystemStreamLog;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Builds and packages an extension, and loads the packaged extension into a server. */
class BuildIT {
  private static final Path ACME = Path.of("src", "test", "resources", "acme");

  /** The major version of the server that the tests of this build use. */
  static final int MAJOR = ExtensionServer.builder().findMajor();

  @TempDir Path folder;
  private Path source;

  @BeforeEach
  void copySources() throws IOException {
    source = folder.resolve("source");
    copy(source);
  }

  static void copy(Path to) throws IOException {
    try (Stream<Path> files = Files.walk(ACME)) {
      for (Path file : files.sorted().toList()) {
        Files.createDirectories(to);
        if (!file.equals(ACME)) {
          Files.copy(file, to.resolve(ACME.relativize(file)));
        }
      }
    }
  }

  @Test
  void packagedExtensionLoadsInAServer() throws Exception {
    Path classes = folder.resolve("classes");
    compile(source);
    pack(source, classes);
    assertThat(classes.resolve("io/pghello/extension/launcher/Launcher.class")).exists();
    assertThat(classes.resolve("META-INF/pg-extension-installer"))
        .isDirectoryRecursivelyContaining("glob:**/installer/Installer.class");
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    try (var loader = new URLClassLoader(new URL[] {classes.toUri().toURL()}, before)) {
      Thread.currentThread().setContextClassLoader(loader);
      try (ExtensionServer server =
              ExtensionServer.builder()
                  .extension(NativeExtension.fromClassPath("acme_steps"))
                  .start();
          TestDatabase database = server.createDatabase();
          Connection connection = database.dataSource().getConnection();
          Statement statement = connection.createStatement();
          ResultSet row = statement.executeQuery("SELECT acme_step(41)")) {
        row.next();
        assertThat(row.getInt(1)).isEqualTo(42);
      }
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
  }

  @Test
  void listsLibrariesOfOtherPlatforms() throws Exception {
    Path classes = folder.resolve("classes");
    Path extension = classes.resolve("META-INF/pg-extension/acme_steps");
    Path other = Files.createDirectories(extension.resolve("linux-arm64/17"));
    Files.writeString(other.resolve("acme_steps.so"), "another");
    compile(source);
    PackageMojo mojo = pack(source, classes);
    mojo.preload = List.of("acme_steps");
    mojo.settings = Map.of("acme.pattern", "\\d");
    mojo.execute();
    assertThat(Files.readAllLines(extension.resolve("SHA256SUMS")))
        .anyMatch(line -> line.matches("[0-9a-f]{64}  linux-\\w+/" + MAJOR + "/acme_steps\\.so"))
        .anyMatch(line -> line.endsWith("  linux-arm64/17/acme_steps.so"))
        .anyMatch(line -> line.endsWith("  share/" + MAJOR + "/extension/acme_steps.control"))
        .hasSize(4);
    String headers = Files.readString(target(source).resolve(MAJOR + "/headers"));
    assertThat(headers).matches(MAJOR + "\\.\\d+");
    assertThat(classes.resolve("META-INF/pg-extension/acme_steps.properties"))
        .hasContent(
            """
            headers.%1$d=%2$s
            majors=%1$d
            preload=acme_steps
            setting.acme.pattern=\\\\d
            """
                .formatted(MAJOR, headers));
  }

  /** Builds in two directories, one of which has a space in its path. */
  @Tag("slow")
  @Test
  void makesTheSameLibraryAnywhere() throws Exception {
    Path another = folder.resolve("another folder/source");
    copy(another);
    // results of an earlier build by the user, possibly for another server
    Files.writeString(another.resolve("src/acme_steps.o"), "no object file");
    Files.writeString(another.resolve("acme_steps.so"), "no library");
    compile(source);
    compile(another);
    byte[] library = library(source);
    assertThat(library(another)).isEqualTo(library);
    assertThat(new String(library, StandardCharsets.ISO_8859_1)).doesNotContain(folder.toString());
  }

  @Test
  void rebuildsOnlyAfterAChange() throws Exception {
    var said = new ArrayList<String>();
    assertThat(pgxs(source, false, "").build(MAJOR, said::add)).isTrue();
    assertThat(pgxs(source, false, "").build(MAJOR, said::add)).isFalse();
    edit("src/acme_steps.c", "value + 1", "value + 2");
    assertThat(pgxs(source, false, "").build(MAJOR, said::add)).isTrue();
    assertThat(pgxs(source, true, "").build(MAJOR, said::add)).isTrue();
    // these settings change the check of the symbols
    System.setProperty("pg-extension.debian-servers", "false");
    try {
      assertThat(pgxs(source, true, "").build(MAJOR, said::add)).isTrue();
      assertThat(pgxs(source, true, "").build(MAJOR, said::add)).isFalse();
      ServerPrograms none =
          new ServerPrograms(
              (group, artifact, version) -> {
                throw new IOException("no repository");
              });
      Pgxs allowing = pgxs(source, true, "").withServers(none, List.of("of_a_later_server"));
      assertThat(allowing.build(MAJOR, said::add)).isTrue();
    } finally {
      System.clearProperty("pg-extension.debian-servers");
    }
  }

  /** If a Makefile does not set a variable, make takes it from the environment. */
  @Test
  void takesNoVariablesOfPgxsFromTheEnvironment() throws Exception {
    var environment = new HashMap<>(System.getenv());
    environment.putAll(
        Map.of("MODULES", "pg-hello-core", "SHLIB_LINK", "-lnothing", "MAKEFLAGS", "-n"));
    new Pgxs(source, target(source), false, "", environment).build(MAJOR, line -> {});
    assertThat(library(source)).isNotEmpty();
  }

  /**
   * A killed build removes the results of an earlier build first, and the sources may change back
   * before the next build.
   */
  @Test
  void buildsAgainIfAnEarlierBuildIsIncomplete() throws Exception {
    compile(source);
    FileTree.delete(installed(source));
    compile(source);
    assertThat(library(source)).isNotEmpty();
    Path code = source.resolve("src/acme_steps.c");
    String before = Files.readString(code);
    edit("src/acme_steps.c", "value = PG", "broken = PG");
    assertThatThrownBy(() -> compile(source)).hasMessageContaining("make failed");
    Files.writeString(code, before);
    compile(source);
    assertThat(library(source)).isNotEmpty();
  }

  /** Make would replace $HOME, and write to another directory. */
  @Test
  void buildsInADirectoryWithADollarSignOrAQuote() throws Exception {
    compile(source);
    for (String name : List.of("a $HOME", "it's")) {
      Path another = folder.resolve(name + "/source");
      copy(another);
      compile(another);
      assertThat(library(another)).isEqualTo(library(source));
    }
    try (Stream<Path> folders = Files.list(folder)) {
      assertThat(folders.map(folder::relativize).map(Path::toString))
          .containsExactlyInAnyOrder("a $HOME", "it's", "source");
    }
  }

  @Test
  void failsForWarningsInStrictMode() throws Exception {
    edit("src/acme_steps.c", "value = PG", "unused, value = PG");
    CompileMojo mojo = mojo(source);
    mojo.execute();
    mojo.strict = true;
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessageContaining("make failed for PostgreSQL " + MAJOR)
        .hasMessageContaining("unused variable");
    // a second run does not treat the failed build as up to date
    assertThatThrownBy(mojo::execute).isInstanceOf(MojoFailureException.class);
  }

  @Test
  void waitsForAnotherBuildOfTheProject() throws Exception {
    var said = new LinkedBlockingQueue<String>();
    CompileMojo mojo = mojo(source);
    mojo.setLog(
        new SystemStreamLog() {
          @Override
          public void info(CharSequence content) {
            said.add(content.toString());
          }
        });
    CompletableFuture<Void> build;
    BuildLock other = BuildLock.of(target(source), said::add);
    try (other) {
      build =
          CompletableFuture.runAsync(
              () -> {
                try {
                  mojo.execute();
                } catch (MojoExecutionException | MojoFailureException e) {
                  throw new CompletionException(e);
                }
              });
      assertThat(said.poll(1, TimeUnit.MINUTES))
          .isEqualTo(
              "Waiting until another build of this project releases "
                  + target(source).resolve(".lock"));
      assertThat(installed(source)).doesNotExist();
    }
    build.get(1, TimeUnit.MINUTES);
    assertThat(library(source)).isNotEmpty();
  }

  @Test
  void buildsWithSanitizers() throws Exception {
    CompileMojo mojo = mojo(source);
    mojo.sanitize = "address";
    mojo.execute();
    assertThat(new String(library(source), StandardCharsets.ISO_8859_1)).contains("__asan_init");
  }

  @Test
  void reportsMissingToolsHeadersAndFiles() throws Exception {
    // the first entry of PATH is not a valid file name
    var noPath =
        new Pgxs(
            source, target(source), false, "", Map.of("PATH", "/\0" + File.pathSeparator + folder));
    assertThatThrownBy(() -> noPath.build(MAJOR, line -> {}))
        .hasMessage(
            "Not on the path: bash, gcc, make. Remedy: install them, for example: sudo apt-get install"
                + " bash gcc libc6-dev make");
    assertThatThrownBy(() -> pgxs(source, false, "").build(99, line -> {}))
        .hasMessageContaining("PostgreSQL 99: no suite of Debian has its headers")
        .hasMessageContaining("Remedy: install postgresql-server-dev-99, or set PG_CONFIG");
    Files.delete(source.resolve("Makefile"));
    assertThatThrownBy(() -> compile(source))
        .isInstanceOf(MojoFailureException.class)
        .hasMessageContaining("There is no Makefile in " + source);
    PackageMojo unbuilt = pack(source);
    assertThatThrownBy(unbuilt::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessageContaining("There is no directory");
  }

  /** Headers from another release of the distribution assume the C library of that release. */
  @Test
  void fitsHeadersToTheCLibrary() throws Exception {
    String packaged =
        """
        /* Define to 1 if you have the declaration of 'strlcpy_of_tomorrow', and to 0 if you
           don't. */
        #define HAVE_DECL_STRLCPY_OF_TOMORROW 1

        /* Define to 1 if you have the declaration of `memchr', and to 0 if you don't. */
        #define HAVE_DECL_MEMCHR 0

        /* Define to 1 if you have the declaration of 'F_GETFL', and to 0 if you don't. */
        #define HAVE_DECL_F_GETFL 1

        /* Define to 1 if you have the 'strlcpy_of_tomorrow' function. */
        #define HAVE_STRLCPY_OF_TOMORROW 1

        /* Define to 1 if you have the `memchr' function. */
        /* #undef HAVE_MEMCHR */

        /* Define to 1 if you have the `getpid' function. */
        #define HAVE_GETPID 1

        /* Define to 1 if you have the `fork' function. */
        /* #undef HAVE_FORK */

        /* Define to 1 if you have the 'SSL_CTX_set_cert_cb' function. */
        #define HAVE_SSL_CTX_SET_CERT_CB 1

        /* Define to 1 if the system has the type 'no_such_type'. */
        #define HAVE_NO_SUCH_TYPE 1
        """;
    String fitted =
        packaged
            .replace("DECL_STRLCPY_OF_TOMORROW 1", "DECL_STRLCPY_OF_TOMORROW 0")
            .replace("DECL_MEMCHR 0", "DECL_MEMCHR 1")
            .replace("#define HAVE_STRLCPY_OF_TOMORROW 1", "/* #undef HAVE_STRLCPY_OF_TOMORROW */")
            .replace("/* #undef HAVE_MEMCHR */", "#define HAVE_MEMCHR 1");
    Path headers = Files.createDirectories(folder.resolve("cache/headers/99-99.1"));
    Files.writeString(headers.resolve("postgres.h"), "");
    Files.writeString(headers.resolve("pg_config.h"), packaged);
    for (int i = 0; i < 2; i++) {
      assertThat(run("headers 99")).isEqualTo(headers.toString());
      assertThat(headers.resolve("pg_config.h")).hasContent(fitted);
      assertThat(headers.toFile().list())
          .containsExactlyInAnyOrder(
              "postgres.h", "pg_config.h", "pg_config.h.packaged", "pg_config.h.fits");
    }
    // the machine has been upgraded
    Files.writeString(headers.resolve("pg_config.h.fits"), "12.0.0 GLIBC 2.1");
    Files.writeString(headers.resolve("pg_config.h"), "");
    run("headers 99");
    assertThat(headers.resolve("pg_config.h")).hasContent(fitted);
  }

  @Test
  void dropsOptionsThatTheCompilersRefuse() throws Exception {
    Path makefiles = Files.createDirectories(folder.resolve("cache/pgxs/99-99.1/src"));
    Files.writeString(
        makefiles.resolve("Makefile.global"),
        """
        CFLAGS = -fno-such-option -fwrapv -O2
        CFLAGS_SL_MODULE =  -fvisibility=hidden
        CXXFLAGS = -fwrapv  -fno-such-option -O3
        CPPFLAGS = -fno-such-option
        """);
    run("fit '" + makefiles + "' Makefile.global fitted_makefile");
    assertThat(makefiles.resolve("Makefile.global"))
        .hasContent(
            """
            CFLAGS = -fwrapv -O2
            CFLAGS_SL_MODULE =  -fvisibility=hidden
            CXXFLAGS = -fwrapv  -O3
            CPPFLAGS = -fno-such-option
            """);
  }

  /** Runs a function of headers.sh with a separate cache, and returns its output. */
  private String run(String command) throws Exception {
    var builder =
        new ProcessBuilder("bash", "-euc", ". ../../scripts/headers.sh; " + command)
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().put("PG_EXTENSION_CACHE", folder.resolve("cache").toString());
    Process process = builder.start();
    var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    return output.strip();
  }

  private void edit(String file, String from, String to) throws IOException {
    Path path = source.resolve(file);
    String text = Files.readString(path);
    assertThat(text).contains(from);
    Files.writeString(path, text.replace(from, to));
  }

  static Path target(Path source) {
    return source.resolve("target/pg-extension");
  }

  static Path installed(Path source) {
    return new BuildDirectory(target(source), MAJOR).installed();
  }

  private static byte[] library(Path source) throws IOException {
    try (Stream<Path> files = Files.walk(installed(source))) {
      return Files.readAllBytes(
          files.filter(file -> file.endsWith("acme_steps.so")).findFirst().orElseThrow());
    }
  }

  private static Pgxs pgxs(Path source, boolean strict, String sanitize) {
    return new Pgxs(source, target(source), strict, sanitize, System.getenv());
  }

  private static CompileMojo mojo(Path source) {
    var mojo = new CompileMojo();
    mojo.sourceDirectory = source.toFile();
    mojo.buildDirectory = target(source).toFile();
    mojo.majors = List.of(MAJOR);
    return mojo;
  }

  static void compile(Path source) throws Exception {
    mojo(source).execute();
  }

  private PackageMojo pack(Path source) {
    var mojo = new PackageMojo();
    mojo.buildDirectory = target(source).toFile();
    mojo.classesDirectory = folder.resolve("classes").toFile();
    mojo.majors = List.of(MAJOR);
    return mojo;
  }

  private PackageMojo pack(Path source, Path classes) throws Exception {
    PackageMojo mojo = pack(source);
    mojo.classesDirectory = classes.toFile();
    mojo.execute();
    return mojo;
  }
}
