// SPDX-License-Identifier: MIT
package io.pghello.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;

/** The self-contained jar, and the files that it installs. */
@PgHelloTest
@Tag("slow")
class InstallIT {
  private static final String JAVA =
      Path.of(System.getProperty("java.home"), "bin", "java").toString();

  @TempDir private Path folder;

  @Test
  void installsWorkingLauncher(ExtensionServer server, TestDatabase database) throws Exception {
    Path to = folder.resolve("it's here");
    install(to);
    Path launcher = to.resolve("bin/pghello");
    Run health =
        run(
            Run.environment(server, database),
            launcher.toString(),
            "health",
            "--warning=20000",
            "--critical=20000");
    assertThat(health.err()).isEmpty();
    assertThat(health.out()).startsWith("OK - ");
    assertThat(health.status()).isZero();
    // Its exit status and its arguments.
    Run wrong = run(Map.of(), launcher.toString(), "health", "--dbname=two words", "--port=1");
    assertThat(wrong.status()).isEqualTo(2);
    assertThat(wrong.out()).contains("two words at localhost:1");
    // As started by cron. This JVM may be unable to pass the name.
    Run named =
        run(
            Map.of("LC_ALL", "C"),
            "sh",
            "-c",
            "exec \"$0\" health --port=1 --dbname=\"$(printf 'gr\\303\\266\\303\\237e')\"",
            launcher.toString());
    assertThat(named.out()).contains("gr\u00f6\u00dfe at localhost:1");
    assertThat(Files.getPosixFilePermissions(launcher))
        .isEqualTo(PosixFilePermissions.fromString("rwxr-xr-x"));

    Path link = Files.createSymbolicLink(folder.resolve("linked"), launcher);
    assertThat(run(Map.of(), link.toString(), "--version").out()).matches("pghello [0-9].*\\R");
  }

  @Test
  void usesClassArchive() throws Exception {
    Path to = folder.resolve("with a space");
    install(to);
    assertThat(usesArchive(to, Map.of())).isTrue();
    assertThat(Files.getPosixFilePermissions(to.resolve("lib/pghello/pghello.jsa")))
        .isEqualTo(PosixFilePermissions.fromString("rw-r--r--"));

    Files.delete(to.resolve("lib/pghello/pghello.jsa"));
    assertThat(usesArchive(to, Map.of())).isFalse();
    Files.writeString(to.resolve("lib/pghello/pghello.jsa"), "what was cut off");
    Run version = run(Map.of(), to.resolve("bin/pghello").toString(), "--version");
    assertThat(version.err()).isEmpty();
    assertThat(version.out()).startsWith("pghello ");
  }

  /** Java 17 leaves picocli out of an archive created at the exit of a program. */
  @Test
  @EnabledForJreRange(max = JRE.JAVA_17, disabledReason = "later ones leave picocli out of all")
  void archivesPicocliClasses() throws Exception {
    install(folder);
    Path lib = folder.resolve("lib/pghello");
    Run version =
        run(
            Map.of(),
            JAVA,
            "-XX:+UseSerialGC",
            "-XX:SharedArchiveFile=" + lib.resolve("pghello.jsa"),
            "-Xlog:class+load",
            "-cp",
            lib.resolve("pghello.jar").toString(),
            "io.pghello.cli.Pghello",
            "--version");
    assertThat(version.out().lines())
        .anyMatch(
            line ->
                line.matches(
                    ".* picocli\\.CommandLine\\$Model\\$ArgSpec source: shared objects file.*"));
  }

  /** Only C2 code uses the processor's instructions for checksums. */
  @Test
  void usesC2ForLongRunningCommands() throws Exception {
    install(folder);
    Path launcher = folder.resolve("bin/pghello");
    Files.writeString(launcher, Files.readString(launcher).replace(JAVA, "/bin/echo"));
    for (String command : List.of("backup", "load", "logs", "maintain", "restore", "verify")) {
      String arguments = run(Map.of(), launcher.toString(), command).out();
      assertThat(arguments).contains(" " + command).doesNotContain("TieredStopAtLevel");
      assertThat(arguments.contains(" -Xmn16m ")).isEqualTo(command.equals("logs"));
    }
    assertThat(run(Map.of(), launcher.toString(), "health").out())
        .contains("TieredStopAtLevel=1")
        .doesNotContain("-Xmn");
  }

  /** Returns whether the process has mapped the archive. */
  private boolean usesArchive(Path to, Map<String, String> environment) throws Exception {
    Run.Running running =
        Run.start(environment, List.of(to.resolve("bin/pghello").toString(), "logs", "-"));
    OutputStream log = running.process().getOutputStream();
    log.write("22023 ERROR:  repeat count must be between 1 and 10, but is 11\n".getBytes(UTF_8));
    log.flush();
    Run.await("it is reading", () -> running.printed().contains("repeat count"));
    Path maps = Path.of("/proc", String.valueOf(running.process().pid()), "maps");
    Path jar = to.resolve("lib/pghello/pghello.jar");
    boolean uses = Files.readString(maps).contains(jar.resolveSibling("pghello.jsa").toString());
    running.interrupt();
    return uses;
  }

  @Test
  void upgradesAnotherVersion() throws Exception {
    Path to = folder.resolve("home");
    Path manual = Files.createDirectories(to.resolve("share/man/man1"));
    Files.writeString(manual.resolve("pghello-gone.1"), "of a command that was");
    Files.writeString(manual.resolve("pghellos.1"), "another's");
    Files.createDirectories(to.resolve("lib/pghello"));
    Files.writeString(to.resolve("lib/pghello/pghello.jar"), "an old one");
    Files.writeString(to.resolve("lib/pghello/pghello.jsa"), "its archive");
    install(to);
    Object archive = Files.readAttributes(to.resolve("lib/pghello/pghello.jsa"), "unix:ino");
    install(to);
    assertThat(Files.readAttributes(to.resolve("lib/pghello/pghello.jsa"), "unix:ino"))
        .as("running programs keep their mapped file")
        .isNotEqualTo(archive);
    assertThat(usesArchive(to, Map.of())).isTrue();
    try (Stream<Path> all = Files.walk(to)) {
      List<String> names =
          all.filter(Files::isRegularFile).map(path -> path.getFileName().toString()).toList();
      assertThat(names)
          .contains("pghello.1", "pghello-backup.1", "pghello-install.1", "pghellos.1")
          .doesNotContain("pghello-gone.1")
          .noneMatch(name -> name.endsWith(".new"));
    }
  }

  @Test
  void startsAfterBeingMoved() throws Exception {
    install(folder.resolve("one"));
    Path two = Files.move(folder.resolve("one"), folder.resolve("two"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), two.resolve("bin/pghello"));
    for (Path launcher : List.of(two.resolve("bin/pghello"), link)) {
      Run version = run(Map.of(), launcher.toString(), "--version");
      assertThat(version.err()).isEmpty();
      assertThat(version.out()).startsWith("pghello ");
    }
  }

  @Test
  void usesAnotherJavaIfItsOwnIsMissing() throws Exception {
    install(folder);
    Path launcher = folder.resolve("bin/pghello");
    String text = Files.readString(launcher);
    assertThat(text).contains("java='" + JAVA + "'");
    Files.writeString(launcher, text.replace("'" + JAVA + "'", "'/was/here/java'"));
    for (Map<String, String> environment :
        List.of(
            Map.of("JAVA_HOME", System.getProperty("java.home"), "PATH", "/usr/bin:/bin"),
            Map.of("JAVA_HOME", "", "PATH", new File(JAVA).getParent() + ":/usr/bin:/bin"))) {
      Run version = run(environment, launcher.toString(), "--version");
      assertThat(version.err()).isEmpty();
      assertThat(version.out()).startsWith("pghello ");
    }
  }

  @Test
  void installsManPagesAndCompletion() throws Exception {
    install(folder);
    String completion = folder.resolve("share/bash-completion/completions/pghello").toString();
    Run completed =
        run(
            Map.of(),
            "bash",
            "-ec",
            """
            . "$1"
            compopt() { :; }
            COMP_WORDS=(pghello ver) COMP_CWORD=1 COMP_LINE='pghello ver' COMP_POINT=11
            _complete_pghello
            echo "${COMPREPLY[@]}"
            COMP_WORDS=(pghello health --war) COMP_CWORD=2
            _complete_pghello
            echo "${COMPREPLY[@]}"
            """,
            "bash",
            completion);
    assertThat(completed.err()).isEmpty();
    assertThat(completed.out().lines()).containsExactly("verify", "--warning");
    assertThat(Files.readString(folder.resolve("share/man/man1/pghello-backup.1")))
        .contains(".TH PGHELLO-BACKUP 1");
  }

  @Test
  void reportsInstallationErrors() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "");
    for (String to : List.of("/proc/nowhere", file + "/in")) {
      Run run = run(Map.of(), JAVA, "-jar", jar().toString(), "install", "--to", to);
      assertThat(run.status()).isEqualTo(2);
      assertThat(run.err()).contains("cannot install to " + to).hasLineCount(1);
    }
    Run run = Run.pghello(Map.of(), "install", "--to", folder.toString());
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.err()).contains("java -jar").hasLineCount(1);
    assertThat(folder).isDirectoryNotContaining(path -> !path.equals(file));
  }

  @Test
  void jarIsSelfContained() throws Exception {
    try (var jar = new JarFile(jar().toFile())) {
      assertThat(jar.stream().map(Object::toString))
          .contains("org/postgresql/Driver.class", "META-INF/services/java.sql.Driver")
          .doesNotContain("module-info.class");
      assertThat(jar.getManifest().getMainAttributes().getValue("Implementation-Version"))
          .isNotEmpty();
    }
  }

  private static void install(Path to) throws IOException {
    Run install = run(Map.of(), JAVA, "-jar", jar().toString(), "install", "--to", to.toString());
    assertThat(install.err()).isEmpty();
    assertThat(install.status()).as(install.out()).isZero();
  }

  private static Path jar() throws IOException {
    try (Stream<Path> jars = Files.list(Path.of("target"))) {
      return jars.filter(path -> path.toString().endsWith("-all.jar")).findFirst().orElseThrow();
    }
  }

  private static Run run(Map<String, String> environment, String... command) {
    return Run.start(environment, new ArrayList<>(List.of(command))).end();
  }
}
