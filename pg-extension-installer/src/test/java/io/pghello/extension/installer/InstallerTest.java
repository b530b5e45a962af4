// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import static io.pghello.extension.installer.FakeServer.AMD64;
import static io.pghello.extension.installer.FakeServer.ARM64;
import static io.pghello.extension.installer.FakeServer.acme;
import static io.pghello.extension.installer.FakeServer.content;
import static io.pghello.extension.installer.FakeServer.debian;
import static io.pghello.extension.installer.FakeServer.elf;
import static io.pghello.extension.installer.FakeServer.jar;
import static io.pghello.extension.installer.FakeServer.library;
import static io.pghello.extension.installer.FakeServer.program;
import static io.pghello.extension.installer.FakeServer.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.installer.FakeServer.Run;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InstallerTest {
  @TempDir private Path folder;
  private Path root;
  private Path bin;
  private Path libraries;
  private Path shared;
  private Path jar;

  @BeforeEach
  void makeServer() throws IOException {
    folder = folder.toRealPath();
    root = folder.resolve("root");
    bin = debian(root, 17);
    libraries = root.resolve("usr/lib/postgresql/17/lib");
    shared = root.resolve("usr/share/postgresql/17");
    // as every machine has
    write(root.resolve("usr/lib/libc.so.6"), "");
    Files.write(
        root.resolve("usr/lib/libc.so.6"), elf(AMD64, List.of(), null, "2.36", "a C library"));
    jar = acme(folder.resolve("acme.jar"), "1.0", library("one"));
  }

  private Run run(String... arguments) {
    var all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--root", root.toString()));
    return FakeServer.run(jar, all.toArray(new String[0]));
  }

  private void refuses(Run run, String... sentences) {
    assertThat(run.status()).as(run.out()).isEqualTo(Installer.REFUSED);
    assertThat(run.err()).startsWith("pg-extension: ").hasLineCount(1).contains(sentences);
  }

  @Test
  void installsAndLeavesNothingBehind() throws IOException {
    Map<String, String> before = content(root);
    Run check = run("check");
    assertThat(check.status()).isEqualTo(Installer.WARNING);
    assertThat(check.out())
        .startsWith("PostgreSQL 17.3 (linux-amd64, " + bin.resolve("postgres") + ")")
        .contains("missing  " + libraries.resolve("acme.so"))
        .contains("4 of 4 files are not as in the jar.");
    Run tried = run("install", "--dry-run");
    assertThat(tried.out()).contains("would write " + shared.resolve("acme/units.data"));
    assertThat(content(root)).isEqualTo(before);

    Run install = run("install");
    assertThat(install.err()).isEmpty();
    assertThat(install.status()).isEqualTo(Installer.OK);
    assertThat(install.out()).contains("CREATE EXTENSION acme;").doesNotContain("would");
    assertThat(shared.resolve("extension/acme--1.0.sql"))
        .hasContent("COPY unit FROM '/usr/share/postgresql/17/acme/units.data';");
    assertThat(mode(libraries.resolve("acme.so"))).isEqualTo("rwxr-xr-x");
    assertThat(mode(shared.resolve("extension/acme.control"))).isEqualTo("rw-r--r--");
    assertThat(mode(shared.resolve("acme"))).isEqualTo("rwxr-xr-x");
    assertThat(content(root).keySet()).noneMatch(name -> name.contains("/.pg-"));
    assertThat(run("check").status()).isEqualTo(Installer.OK);
    assertThat(run("install").out()).contains("Nothing to do");

    assertThat(run("uninstall", "--dry-run").out()).contains("would remove");
    assertThat(run("check").status()).isEqualTo(Installer.OK);
    Run uninstall = run("uninstall");
    assertThat(uninstall.status()).isEqualTo(Installer.OK);
    assertThat(uninstall.out()).contains("cannot be known from here");
    assertThat(content(root)).isEqualTo(before);
    assertThat(run("uninstall").out()).contains("Nothing to do");
  }

  private static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }

  /** A process that has the old library goes on with it. */
  @Test
  void replacesAnOlderVersionByRenaming() throws IOException {
    run("install");
    Path library = libraries.resolve("acme.so");
    Path other = Files.createLink(folder.resolve("mapped"), library);
    jar = acme(folder.resolve("newer.jar"), "1.1", library("two"));
    assertThat(run("check").out()).contains("older    " + library);
    assertThat(run("install").status()).isEqualTo(Installer.OK);
    assertThat(Files.readAllBytes(library)).isEqualTo(library("two"));
    assertThat(Files.readAllBytes(other)).isEqualTo(library("one"));
    assertThat(content(root).keySet()).noneMatch(name -> name.contains("/."));
    // scripts of the older one stay, and go with the others
    assertThat(shared.resolve("extension/acme--1.0.sql")).exists();
    assertThat(run("uninstall").status()).isEqualTo(Installer.OK);
    assertThat(shared.resolve("extension")).isDirectoryNotContaining("glob:**acme*");
  }

  /** It fails at each of its steps in turn. */
  @Test
  void undoesWhatFails() throws Exception {
    run("install");
    jar = acme(folder.resolve("newer.jar"), "1.1", library("two"));
    Map<String, String> before = content(root);
    int steps = 0;
    while (failsAt(steps)) {
      assertThat(content(root)).as("failed at step %d", steps).isEqualTo(before);
      steps++;
    }
    assertThat(steps).isGreaterThan(6);
    assertThat(run("check").status()).isEqualTo(Installer.OK);
  }

  private boolean failsAt(int step) throws Exception {
    var left = new int[] {step};
    try {
      installation()
          .install(
              false,
              file -> {
                if (left[0]-- == 0) {
                  throw new UncheckedIOException(new IOException("no space left on device"));
                }
              });
      return false;
    } catch (UncheckedIOException e) {
      return true;
    }
  }

  private Installation installation() throws Exception {
    Server server = Server.in(FileTree.of(root), Path.of("/usr/lib/postgresql/17/bin"));
    try (var file = new JarFile(jar.toFile())) {
      return new Installation(Installer.extension(file, "acme"), server);
    }
  }

  /** What a kill leaves at any of its steps is no obstacle, and is known to be its own. */
  @Test
  void goesOnAfterAKill() throws Exception {
    Map<String, String> empty = content(root);
    run("install");
    jar = acme(folder.resolve("newer.jar"), "1.1", library("two"));
    Path first = root;
    var left = new ArrayList<Path>();
    installation().install(false, file -> left.add(copyOf(first, "killed" + left.size())));
    Installation.uninstall(
        Server.in(FileTree.of(root), Path.of("/usr/lib/postgresql/17/bin")),
        "acme",
        false,
        file -> left.add(copyOf(first, "killed" + left.size())));
    assertThat(content(root)).isEqualTo(empty);
    assertThat(left).hasSizeGreaterThan(12);
    for (Path killed : left) {
      root = killed;
      Path another = copyOf(killed, killed.getFileName() + "-removed");
      Run install = run("install");
      assertThat(install.err()).isEmpty();
      assertThat(run("check").status()).as("installed in %s", killed).isEqualTo(Installer.OK);
      assertThat(content(killed).keySet()).noneMatch(name -> name.contains("/."));
      root = another;
      Run uninstall = run("uninstall");
      assertThat(uninstall.err()).isEmpty();
      assertThat(content(another)).as("removed from %s", another).isEqualTo(empty);
    }
  }

  private Path copyOf(Path from, String name) {
    try {
      Path to = folder.resolve(name);
      FakeServer.copy(from, to);
      // its process is gone
      Files.deleteIfExists(to.resolve("usr/share/postgresql/17/extension/.pg-extension-lock"));
      return to;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"text", "link", "folder"})
  void leavesFilesOfOthersAlone(String kind) throws IOException {
    Path file = libraries.resolve("acme.so");
    Path elsewhere = Files.writeString(folder.resolve("elsewhere"), "another's");
    switch (kind) {
      case "text" -> Files.writeString(file, "another's");
      case "link" -> Files.createSymbolicLink(file, elsewhere);
      default -> Files.createDirectory(file);
    }
    Map<String, String> before = content(root);
    assertThat(run("check").out()).contains("foreign  " + file);
    refuses(run("install"), file + " is not what this program installs", "Remedy: ");
    refuses(run("install", "--dry-run"), file + " is not what this program installs");
    assertThat(run("uninstall").out()).contains("Nothing to do");
    assertThat(content(root)).isEqualTo(before);
    assertThat(elsewhere).hasContent("another's");
  }

  @Test
  void keepsWhatWasThereAlready() throws IOException {
    Files.write(libraries.resolve("acme.so"), library("one"));
    Map<String, String> before = content(root);
    assertThat(run("install").out()).doesNotContain("wrote " + libraries);
    assertThat(run("uninstall").status()).isEqualTo(Installer.OK);
    assertThat(content(root)).isEqualTo(before);
  }

  @Test
  void keepsWhatWasChangedSince() throws IOException {
    run("install");
    Path script = shared.resolve("extension/acme--1.0.sql");
    Files.writeString(script, "changed");
    jar = acme(folder.resolve("newer.jar"), "1.0", library("two"));
    refuses(run("install"), script + " is not what this program installs");
    Run uninstall = run("uninstall");
    assertThat(uninstall.status()).isEqualTo(Installer.WARNING);
    assertThat(uninstall.out()).contains("kept, as it was changed since: " + script);
    assertThat(script).hasContent("changed");
    assertThat(libraries.resolve("acme.so")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../../../outside.sql", "/etc/acme.sql", "a/../../b.sql", "a\\u001bb.sql"})
  void refusesADescriptorThatLeadsOut(String file) throws IOException {
    jar(
        jar,
        Map.of(
            "acme.properties",
            "scripts = acme.control, " + file,
            "acme/acme.control",
            "",
            "x",
            ""));
    Map<String, String> before = content(folder);
    refuses(run("install"), "names \"", "which is no file below share/postgresql/extension/");
    assertThat(content(folder)).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"lib/../../../victim", "lib//victim", "/victim", "nonsense", "folder"})
  void believesNoDamagedNote(String path) throws IOException {
    run("install");
    Path victim = Files.writeString(folder.resolve("victim"), "x");
    Path note = shared.resolve("extension/acme.pg-extension");
    Files.writeString(
        note, PackedExtension.sha256("x".getBytes(StandardCharsets.UTF_8)) + "  " + path + "\n");
    refuses(run("uninstall"), note + " is damaged", "Remedy: ");
    refuses(run("install"), note + " is damaged");
    assertThat(victim).exists();
  }

  @Test
  void saysWhyTheServerCannotLoadIt() throws IOException {
    Files.write(bin.resolve("postgres"), program(AMD64, "libc.so.6", "16.2"));
    refuses(run("install"), "no library for PostgreSQL 16 on linux-amd64, only for linux-amd64/17");
    Files.write(bin.resolve("postgres"), program(ARM64, "libc.so.6", "17.2"));
    refuses(run("install"), "no library for PostgreSQL 17 on linux-arm64, only for linux-amd64/17");
    Files.write(bin.resolve("postgres"), program(AMD64, "libc.musl-x86_64.so.1", "17.2"));
    refuses(run("install"), "no library for PostgreSQL 17 on linux-amd64-musl");
    Files.writeString(bin.resolve("postgres"), "#!/bin/sh");
    refuses(run("install"), "is no program for Linux of 64 bits");
    Files.write(bin.resolve("postgres"), program(AMD64, "libc.so.6", ""));
    refuses(run("install"), "does not say which version of PostgreSQL it is");

    Files.write(bin.resolve("postgres"), program(AMD64, "libc.so.6", "17beta2"));
    acme(jar, "1.0", elf(AMD64, List.of("libc.so.6"), "2.38", null, ""));
    refuses(run("install"), "acme.so needs version 2.38 of the GNU C library", "machine has 2.36");
    acme(jar, "1.0", elf(ARM64, List.of("libc.so.6"), null, null, ""));
    refuses(run("install"), "acme.so was built for linux-arm64");
    acme(jar, "1.0", "nothing".getBytes(StandardCharsets.UTF_8));
    refuses(run("install"), "The library acme.so cannot be used");
  }

  @Test
  void namesALibraryThatIsMissing() throws IOException {
    acme(jar, "1.0", elf(AMD64, List.of("libh3.so.1", "libc.so.6"), null, null, ""));
    String sentence = "acme.so needs libh3.so.1, which was not found";
    assertThat(run("check").out()).contains(sentence);
    Run install = run("install");
    assertThat(install.out()).contains(sentence);
    assertThat(install.status()).isEqualTo(Installer.WARNING);
    write(root.resolve("usr/lib/x86_64-linux-gnu/libh3.so.1"), "");
    assertThat(run("check").status()).isEqualTo(Installer.OK);
  }

  @Test
  void saysWhatElseTheServerNeeds() throws IOException {
    jar(
        jar,
        Map.of(
            "acme.properties",
            "scripts = acme.control\npreload = acme\nsetting.acme.db = jobs",
            "acme/acme.control",
            ""));
    assertThat(run("install").out())
        .contains("add to shared_preload_libraries, and restart: acme")
        .contains("The server needs the setting acme.db = jobs");
  }

  @Test
  void namesTheServersThatThereAre() throws IOException {
    debian(root, 15);
    refuses(run("install"), "There are 2 servers", "/usr/lib/postgresql/15/bin, /usr/lib/");
    assertThat(run("install", "--bindir", "/usr/lib/postgresql/17/bin").status())
        .isEqualTo(Installer.OK);
    assertThat(run("check", "--bindir", "usr/lib/postgresql/17").status()).isEqualTo(Installer.OK);
    refuses(run("check", "--bindir", "/usr/bin"), "There is no server in /usr/bin");
    refuses(
        run("check", "--pg-config", "/usr/bin/pg_config"), "--pg-config is for a server of this");
  }

  @ParameterizedTest
  @CsvSource({
    // Docker's on Alpine, and what is built from source
    "usr/local/bin, usr/local/lib/postgresql, usr/local/share/postgresql",
    "usr/local/pgsql/bin, usr/local/pgsql/lib, usr/local/pgsql/share",
    // of the PostgreSQL project, Fedora, Alpine, SUSE
    "usr/pgsql-17/bin, usr/pgsql-17/lib, usr/pgsql-17/share",
    "usr/bin, usr/lib64/pgsql, usr/share/pgsql",
    "usr/libexec/postgresql17, usr/lib/postgresql17, usr/share/postgresql17",
    "usr/lib/postgresql17/bin, usr/lib/postgresql17/lib64, usr/share/postgresql17"
  })
  void findsServersOfDistributions(String programs, String library, String share)
      throws IOException {
    root = folder.resolve("another");
    write(root.resolve(programs).resolve("postgres"), "");
    Files.write(root.resolve(programs).resolve("postgres"), program(AMD64, "libc.so.6", "17.1"));
    write(root.resolve(library).resolve("plpgsql.so"), "");
    write(root.resolve(share).resolve("extension/plpgsql.control"), "");
    Run install = run("install");
    assertThat(install.err()).isEmpty();
    assertThat(root.resolve(library).resolve("acme.so")).exists();
    assertThat(root.resolve(share).resolve("extension/acme.control")).exists();
  }

  @Test
  void asksPgConfig() throws IOException {
    Path config = folder.resolve("pg_config");
    Files.writeString(
        config,
        """
        #!/bin/sh
        case $1 in
          --bindir) echo '%s' ;;
          --pkglibdir) echo '%s' ;;
          --sharedir) echo '%s' ;;
        esac
        """
            .formatted(bin, libraries, shared));
    refuses(FakeServer.run(jar, "install", "--pg-config", config.toString()), "cannot be run");
    Files.setPosixFilePermissions(config, PosixFilePermissions.fromString("rwxr-xr-x"));
    Run install = FakeServer.run(jar, "install", "--pg-config", config.toString());
    assertThat(install.err()).isEmpty();
    assertThat(shared.resolve("extension/acme--1.0.sql"))
        .hasContent("COPY unit FROM '" + shared + "/acme/units.data';");
    Files.delete(bin.resolve("postgres"));
    refuses(
        FakeServer.run(jar, "check", "--pg-config", config.toString()),
        config + " is of PostgreSQL's client: there is no server in " + bin);
    Files.writeString(config, "#!/bin/sh\nexit 1");
    refuses(
        FakeServer.run(jar, "check", "--pg-config", config.toString()),
        config + " --bindir does not answer with a folder");
  }

  @Test
  void saysWhatIsNotThere() throws IOException {
    root = Files.createDirectory(folder.resolve("empty"));
    refuses(run("check"), "No PostgreSQL server was found. Remedy: ");
    bin = debian(root, 17);
    Files.delete(root.resolve("usr/share/postgresql/17/extension/plpgsql.control"));
    refuses(run("check"), "that has extension/plpgsql.control was not found");
    root = folder.resolve("nowhere");
    refuses(run("check"), "There is no folder " + root);
    refuses(FakeServer.run(folder.resolve("no.jar"), "check"), "no.jar is no file");
    Path none = jar(folder.resolve("none.jar"), Map.of("acme/acme.control", ""));
    refuses(FakeServer.run(none, "check"), "has no extension.");
    refuses(FakeServer.run(jar, "check", "--name", "other"), "has no extension other.");
    jar(none, Map.of("a.properties", "", "b.properties", ""));
    refuses(FakeServer.run(none, "check"), "name one with --name: a, b");
    refuses(FakeServer.run(jar), "check, install or uninstall is missing");
    refuses(FakeServer.run(jar, "check", "--frobnicate"), "Unknown: --frobnicate");
    refuses(FakeServer.run(jar, "check", "--root"), "--root lacks its value");
    assertThat(FakeServer.run(jar, "--help").out()).startsWith("Usage: ").contains("--dry-run");
  }

  /** Absolute links are those of the other machine. */
  @Test
  void followsLinksInsideOfARootAlone() throws IOException {
    Path moved = root.resolve("opt/lib");
    Files.createDirectories(moved.getParent());
    Files.move(libraries, moved);
    Files.createSymbolicLink(libraries, Path.of("/opt/lib"));
    assertThat(run("install").status()).isEqualTo(Installer.OK);
    assertThat(moved.resolve("acme.so")).exists();
    assertThat(run("uninstall").status()).isEqualTo(Installer.OK);

    Path outside = Files.createDirectory(folder.resolve("outside"));
    Files.move(moved.resolve("plpgsql.so"), outside.resolve("plpgsql.so"));
    Files.delete(libraries);
    Files.createSymbolicLink(libraries, Path.of("../../../../../outside"));
    refuses(run("install"), " leads out of " + root);
    Files.delete(libraries);
    Files.createSymbolicLink(libraries, Path.of("/usr/lib/postgresql/17/lib"));
    refuses(run("install"), "has links in a circle");
    assertThat(outside).isDirectoryNotContaining("glob:**acme*");
  }

  @Test
  void writesThroughNoLinkBelowItsFolders() throws IOException {
    Path outside = Files.createDirectory(folder.resolve("outside"));
    Files.createSymbolicLink(shared.resolve("acme"), outside);
    refuses(run("install"), shared.resolve("acme") + " is no folder, or a link to one");
    assertThat(outside).isEmptyDirectory();
    assertThat(libraries.resolve("acme.so")).doesNotExist();
  }

  /** Names of passing files, too. */
  @Test
  void writesThroughNoLinkThatAwaitsIt() throws IOException {
    Path victim = Files.writeString(folder.resolve("victim"), "x");
    for (String name : List.of(".acme.so.pg-extension-new", ".acme.so.pg-extension-old")) {
      Files.createSymbolicLink(libraries.resolve(name), victim);
    }
    assertThat(run("install").status()).isEqualTo(Installer.OK);
    assertThat(victim).hasContent("x");
    assertThat(content(libraries).keySet()).containsExactly("/", "acme.so", "plpgsql.so");
  }

  /** As an ordinary user, the folder is that user's, and as root, another's. */
  @Test
  void letsRootWriteWhereOthersCannotLeadIt() throws Exception {
    boolean root = (int) Files.getAttribute(folder, "unix:uid") == 0;
    if (root) {
      assertThatCode(() -> Installation.requireOnlyRootsOwn(libraries)).doesNotThrowAnyException();
      Files.setPosixFilePermissions(libraries, PosixFilePermissions.fromString("rwxrwxrwx"));
      refuses(run("install"), libraries + " may be changed by others than root", "chmod go-w");
      Files.setPosixFilePermissions(libraries, PosixFilePermissions.fromString("rwxr-xr-x"));
      Files.setAttribute(libraries.getParent(), "unix:uid", 65534);
    }
    assertThatThrownBy(() -> Installation.requireOnlyRootsOwn(libraries))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining(" may be changed by others than root (")
        .hasMessageContaining("Remedy: run this as its owner: sudo -u ");
  }

  /** In a process of another user where this one is root. */
  @Test
  void tellsAnOrdinaryUserWhoMayDoIt() throws Exception {
    Path open = Files.createTempDirectory(Path.of("/tmp"), "pg-extension");
    try {
      FakeServer.copy(root, open.resolve("root"));
      Path executable = FakeServer.executable(jar, open.resolve("acme.jar"));
      execute("chmod", "-R", "a+rX,a-w", open.toString());
      var command = new ArrayList<String>();
      if ((int) Files.getAttribute(folder, "unix:uid") == 0) {
        command.addAll(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));
      }
      command.addAll(install(executable, open.resolve("root")));
      Path said = folder.resolve("said");
      Process process = start(command, said);
      assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
      assertThat(said)
          .content()
          .contains("pg-extension: No right to write into ")
          .contains("Remedy: run this as its owner, " + Files.getOwner(folder) + ", as with sudo");
      assertThat(process.exitValue()).isEqualTo(Installer.REFUSED);
    } finally {
      execute("chmod", "-R", "u+w", open.toString());
      execute("rm", "-r", open.toString());
    }
  }

  private static void execute(String... command) throws Exception {
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
  }

  private static List<String> install(Path jar, Path root) {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return List.of(
        java,
        "-XX:TieredStopAtLevel=1",
        "-jar",
        jar.toString(),
        "install",
        "--root",
        root.toString());
  }

  private static Process start(List<String> command, Path said) throws IOException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(said.toFile())
        .start();
  }

  /** One waits for the other. */
  @Test
  void letsSeveralWorkAtOnce() throws Exception {
    Path executable = FakeServer.executable(jar, folder.resolve("executable.jar"));
    var processes = new ArrayList<Process>();
    for (int i = 0; i < 3; i++) {
      processes.add(start(install(executable, root), folder.resolve("said" + i)));
    }
    for (int i = 0; i < 3; i++) {
      assertThat(processes.get(i).waitFor(5, TimeUnit.MINUTES)).isTrue();
      assertThat(processes.get(i).exitValue())
          .as(Files.readString(folder.resolve("said" + i)))
          .isZero();
    }
    assertThat(run("check").status()).isEqualTo(Installer.OK);
    assertThat(content(root).keySet()).noneMatch(name -> name.contains("/."));
  }
}
