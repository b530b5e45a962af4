// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.extension.testkit.Stage;
import io.pghello.extension.testkit.internal.cache.OwnFiles;
import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.files.ExtensionSource;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Finds servers in the directory layouts of distributions and installers. */
class InstalledDistributionTest {
  @TempDir private Path root;
  private Path program;

  @BeforeEach
  void useThisJvmAsProgram() {
    program = Path.of("/proc/self/exe");
  }

  /**
   * Creates the files of a server, and returns its pg_config, which prints the given directories.
   */
  private Path server(String bin, String libraries, String shared, int major, String suffix)
      throws IOException {
    for (String name : List.of("postgres", "initdb", "pg_ctl")) {
      Path copy = root.resolve(bin).resolve(name + suffix);
      Files.createDirectories(copy.getParent());
      Files.copy(program, copy);
    }
    Stage.write(root.resolve(libraries).resolve("plpgsql.so"), "");
    Stage.write(root.resolve(shared).resolve("postgres.bki"), "# PostgreSQL " + major + "\n");
    Stage.write(root.resolve(shared).resolve("extension/plpgsql.control"), "");
    return config(
        bin + "/pg_config" + suffix,
        "printf '%s\\n' '" + String.join("' '", path(bin), path(libraries), path(shared)) + "'");
  }

  private Path debian(int major) throws IOException {
    String version = "postgresql/" + major;
    return server(
        "usr/lib/" + version + "/bin",
        "usr/lib/" + version + "/lib",
        "usr/share/" + version,
        major,
        "");
  }

  private String path(String below) {
    return root.resolve(below).toString();
  }

  private Path config(String place, String script) throws IOException {
    Path file = Stage.write(root.resolve(place), "#!/bin/sh\n" + script + "\n");
    permit(file, "rwxr-xr-x");
    return file;
  }

  private static void permit(Path path, String permissions) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
  }

  private InstalledDistribution find(String which, String... path) throws IOException {
    return InstalledServers.find(which, Stream.of(path).map(root::resolve).toList(), root);
  }

  private AbstractThrowableAssert<?, ?> assertRejected(String which, String... path) {
    return assertThatThrownBy(() -> find(which, path)).isInstanceOf(IllegalStateException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "Debian, usr/lib/postgresql/15/bin, usr/lib/postgresql/15/lib, usr/share/postgresql/15, ''",
    "Red Hat, usr/pgsql-17/bin, usr/pgsql-17/lib, usr/pgsql-17/share, ''",
    "from sources, usr/local/pgsql/bin, usr/local/pgsql/lib, usr/local/pgsql/share, ''",
    "Homebrew, opt/homebrew/Cellar/postgresql@17/17.6/bin, opt/homebrew/lib/postgresql@17,"
        + " opt/homebrew/share/postgresql@17, ''",
    "Postgres.app, Applications/Postgres.app/Contents/Versions/18/bin,"
        + " Applications/Postgres.app/Contents/Versions/18/lib/postgresql,"
        + " Applications/Postgres.app/Contents/Versions/18/share/postgresql, ''",
    "EDB, Library/PostgreSQL/17/bin, Library/PostgreSQL/17/lib/postgresql,"
        + " Library/PostgreSQL/17/share/postgresql, ''",
    "EDB for Windows, Program Files/PostgreSQL/18/bin, Program Files/PostgreSQL/18/lib,"
        + " Program Files/PostgreSQL/18/share, .exe"
  })
  void findsServersOf(String maker, String bin, String libraries, String shared, String suffix)
      throws IOException {
    server(bin, libraries, shared, 17, suffix);
    if (maker.equals("Homebrew")) {
      Path opt = Files.createDirectories(root.resolve("opt/homebrew/opt"));
      Files.createSymbolicLink(
          opt.resolve("postgresql@17"), Path.of("../Cellar/postgresql@17/17.6"));
    }
    assertThat(find("local"))
        .isEqualTo(
            new InstalledDistribution(
                root.resolve(bin), root.resolve(libraries), root.resolve(shared), 17, false));
  }

  @Test
  void prefersTheFirstOnThePathToTheNewest() throws IOException {
    debian(15);
    debian(18);
    server("own/bin", "own/lib", "own/share", 17, "");
    Files.createDirectories(root.resolve("empty"));
    assertThat(find("local").major()).isEqualTo(18);
    assertThat(find("local", "empty", "own/bin", "usr/lib/postgresql/18/bin").major())
        .isEqualTo(17);
    assertThat(find("15", "own/bin").major()).isEqualTo(15);
    assertThat(find("17", "usr/lib/postgresql/18/bin", "own/bin").major()).isEqualTo(17);
    assertRejected("16", "own/bin")
        .hasMessageStartingWith("There is no usable installed PostgreSQL 16. The testkit searched ")
        .hasMessageContaining(root + "/own/bin/pg_config belongs to PostgreSQL 17; ")
        .hasMessageContaining("/18/bin/pg_config belongs to PostgreSQL 18");
  }

  @Test
  void runsNoOtherPgConfigAfterFindingAServer() throws IOException {
    debian(17);
    config("bin/pg_config", "touch " + path("asked"));
    assertThat(find("local", "usr/lib/postgresql/17/bin", "bin").major()).isEqualTo(17);
    assertThat(root.resolve("asked")).doesNotExist();
  }

  @Test
  void stopsWaitingAtTheLimit() throws IOException {
    Path config = config("bin/pg_config", "exec sleep 600");
    assertThatThrownBy(() -> InstalledDistribution.query(config, Duration.ofMillis(1)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(config + " did not respond within 0 s");
  }

  /** For example, the PATH may contain a letter that the locale does not support. */
  @Test
  void skipsInvalidPaths() {
    assertThat(InstalledServers.directories(String.join(File.pathSeparator, "/a\0", "", "b", "/c")))
        .containsExactly(Path.of("/c"));
  }

  @Test
  void acceptsAPath() throws IOException {
    Path config = debian(15);
    for (String path : List.of("bin/pg_config", "bin", "")) {
      assertThat(find(path("usr/lib/postgresql/15/" + path)).bin()).isEqualTo(config.getParent());
    }
    assertRejected(path("usr"))
        .hasMessage(
            "There is no pg_config at "
                + root
                + "/usr. Set local:MAJOR, e.g. local:17, or local:PATH with the path of a pg_config or"
                + " its directory.");
  }

  @Test
  void reportsThatThereIsNone() {
    assertRejected("local", "bin")
        .hasMessage(
            "There is no usable installed PostgreSQL. The testkit searched the PATH and the"
                + " directories of Debian, Red Hat, Homebrew, Postgres.app and the EDB installers"
                + " for pg_config."
                + " Install a server (sudo apt-get install postgresql, brew install postgresql@18),"
                + " or set the path of a pg_config: local:/DIRECTORY/bin/pg_config.");
  }

  @Test
  void namesThePackagesOfTheRequestedVersion() {
    assertRejected("16", "bin")
        .hasMessageStartingWith("There is no usable installed PostgreSQL 16. ")
        .hasMessageContaining(
            " Install a server (sudo apt-get install postgresql-16, brew install postgresql@16),");
  }

  /** For example, libpq's pg_config may be the first one on the PATH. */
  @Test
  void skipsUnusablePgConfigs() throws IOException {
    config("bin/pg_config", "printf '%s\\n' /none/bin /none/lib /none/share");
    assertRejected("local", "bin")
        .hasMessageContaining(
            "Rejected: "
                + root
                + "/bin/pg_config does not belong to a server: there is no postgres in"
                + " /none/bin.");
    debian(17);
    assertThat(find("local", "bin").major()).isEqualTo(17);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "exit 1",
        "true",
        "echo /a",
        "printf '%s\\n' a b c",
        "echo $(seq 9)",
        // not a valid path
        "printf '/a\\000\\n/b\\n/c\\n'"
      })
  void rejectsInvalidOutput(String script) throws IOException {
    config("bin/pg_config", script);
    assertRejected("local", "bin").hasMessageContaining("pg_config does not print the directories");
  }

  @Test
  void rejectsIncompleteServers() throws IOException {
    debian(17);
    Path catalog = root.resolve("usr/share/postgresql/17/postgres.bki");
    Files.writeString(catalog, "");
    assertRejected("local").hasMessageContaining("postgres.bki begins with: null");
    Files.delete(catalog);
    assertRejected("local").hasMessageContaining("is incomplete: there is no " + catalog);
    Path scripts = root.resolve("usr/share/postgresql/17/extension");
    Stage.write(catalog, "# PostgreSQL 17\n");
    Files.move(scripts, root.resolve("elsewhere"));
    assertRejected("local").hasMessageContaining("is incomplete: there is no " + scripts);
    Files.delete(root.resolve("usr/lib/postgresql/17/bin/initdb"));
    assertRejected("local").hasMessageContaining("there is no initdb in " + root);
    permit(root.resolve("usr/lib/postgresql/17/bin/pg_config"), "rw-r--r--");
    assertRejected("local").hasMessageContaining("/bin/pg_config cannot be used: ");
  }

  @Test
  void rejectsOldServers() throws IOException {
    Path config = debian(14);
    assertRejected("local")
        .hasMessageContaining(
            config + " belongs to PostgreSQL 14, but the testkit needs 15 or later");
  }

  @Test
  void rejectsAnotherProcessor() throws IOException {
    byte[] other = Files.readAllBytes(program);
    // offset of the processor; 22 is s390x
    other[18] = 22;
    other[19] = 0;
    program = Stage.write(root.resolve("other"), other);
    debian(17);
    assertRejected("local")
        .hasMessageContaining(
            "/bin/postgres was built for linux-s390x, but this machine is " + Platform.current());
    program = Stage.write(root.resolve("script"), "#!/bin/sh");
    Path config = server("own/bin", "own/lib", "own/share", 17, "");
    assertRejected(config.toString())
        .hasMessage(root + "/own/bin/postgres is not a 64-bit program for Linux, macOS or Windows");
  }

  @Test
  void rejectsAProgramForAnotherSystem() throws IOException {
    Platform mac = new Platform("darwin", "arm64", false);
    assertThatThrownBy(() -> InstalledDistribution.requirePlatform(program, mac))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            program
                + " was built for "
                + Platform.current()
                + ", but this machine is darwin-arm64");
    InstalledDistribution.requirePlatform(program, Platform.ofThisJvm());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "usr/lib/postgresql/17/bin/pg_config",
        "usr/lib/postgresql/17/bin/postgres",
        "usr/lib/postgresql/17/bin",
        "usr/lib/postgresql/17/lib",
        "usr/share/postgresql/17/postgres.bki",
        "usr/share/postgresql/17/extension",
        "usr/share/postgresql",
        "usr"
      })
  void runsNoWorldWritablePrograms(String place) throws IOException {
    debian(17);
    // the program creates a file, which shows that it was run
    config(
        "usr/lib/postgresql/17/bin/pg_config",
        Files.readString(root.resolve("usr/lib/postgresql/17/bin/pg_config"))
            + "\ntouch "
            + path("run"));
    permit(root.resolve(place), "rwxr-xrwx");
    assertRejected("local")
        .hasMessageContaining("because all users may write to " + root.resolve(place));
    assertThat(Files.exists(root.resolve("run")))
        .isEqualTo(
            !Set.of("usr", "usr/lib/postgresql/17/bin").contains(place)
                && !place.endsWith("pg_config"));
    permit(root.resolve(place), "rwxrwxr-x");
    assertThat(find("local").major()).isEqualTo(17);
  }

  /**
   * If an ordinary user runs the test, the file belongs to that user. If root runs it, the file
   * belongs to another user.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "usr/lib/postgresql/17/bin/pg_config",
        "usr/lib/postgresql/17/bin/postgres",
        "usr/share/postgresql/17/extension",
        "usr"
      })
  void runsOnlyFilesOfRootAsRoot(String place) throws IOException {
    debian(17);
    Path other = root.resolve(place);
    if (OwnFiles.isRoot()) {
      InstalledDistribution.requireRoots(other);
      Files.setAttribute(other, "unix:uid", 65534);
      assertRejected("local").hasMessageContaining(other + " belongs to ");
    }
    assertThatThrownBy(() -> InstalledDistribution.requireRoots(other))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageMatching(
            ".* belongs to \\S+, who could replace it, so root does not run it: .*");
  }

  /** Users other than root trust their own files and root's. */
  @Test
  void trustsOnlyFilesOfTheUserAndRootInAStickyDirectory() throws IOException {
    assumeTrue(OwnFiles.isRoot(), "only root can change the owner of a file");
    Path sticky = Files.createDirectory(root.resolve("sticky"));
    Files.setAttribute(sticky, "unix:mode", 01777);
    for (String name : List.of("mine", "roots", "others")) {
      Stage.write(sticky.resolve(name).resolve("pg_config"), "");
    }
    Path mine = sticky.resolve("mine");
    Files.setAttribute(mine, "unix:uid", 65534);
    Files.setAttribute(sticky.resolve("others"), "unix:uid", 65533);
    UserPrincipal me = Files.getOwner(mine);
    InstalledDistribution.requireSafe(mine.resolve("pg_config"), me);
    InstalledDistribution.requireSafe(sticky.resolve("roots/pg_config"), me);
    assertThatThrownBy(
            () -> InstalledDistribution.requireSafe(sticky.resolve("others/pg_config"), me))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("because all users may write to " + sticky);
    // the owner of a link can replace it with a link to another file
    Path link = Files.createSymbolicLink(sticky.resolve("link"), sticky.resolve("roots"));
    InstalledDistribution.requireSafe(link.resolve("pg_config"), me);
    Files.setAttribute(link, "unix:uid", 65533, LinkOption.NOFOLLOW_LINKS);
    assertThatThrownBy(() -> InstalledDistribution.requireSafe(link.resolve("pg_config"), me))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("because all users may write to " + sticky);
  }

  /** Other users could later change a link in a world-writable directory. */
  @Test
  void rejectsLinksInWorldWritableDirectories() throws IOException {
    Path config = debian(17);
    Path links = Files.createDirectory(root.resolve("links"));
    Path link = Files.createSymbolicLink(links.resolve("pg_config"), config);
    permit(links, "rwxrwxrwx");
    assertRejected(link.toString()).hasMessageContaining("because all users may write to " + links);
    permit(links, "rwxr-xr-x");
    assertThat(find(link.toString()).major()).isEqualTo(17);
  }

  @Test
  void linksToTheFilesAndCopiesThePrograms() throws IOException {
    String cellar = "opt/homebrew/Cellar/postgresql@17/17.6/";
    server(
        cellar + "bin",
        "opt/homebrew/lib/postgresql@17",
        "opt/homebrew/share/postgresql@17",
        17,
        "");
    // Homebrew's directories contain links to the directories of a version
    Path elsewhere = root.resolve(cellar + "share/contrib");
    Stage.write(elsewhere.resolve("cube.control"), "comment = 'of the server'");
    Files.createSymbolicLink(root.resolve("opt/homebrew/share/postgresql@17/contrib"), elsewhere);
    Stage.write(root.resolve(cellar + "lib/libpq.5.dylib"), "");
    Stage.write(root.resolve("opt/homebrew/lib/postgresql@17/bitcode/a.bc"), "");
    InstalledDistribution server = find(path(cellar));
    Path tree = root.resolve("tree");
    server.with(Set.of(ExtensionSource.SCRIPTS + "acme.control")).unpack(tree);
    Path installed = tree.resolve("installed" + root);
    assertThat(tree.resolve("bin/postgres").toRealPath())
        .isEqualTo(installed.resolve(cellar + "bin/postgres").toRealPath())
        .isExecutable();
    assertThat(tree.resolve("lib/postgresql/plpgsql.so").toRealPath())
        .isEqualTo(root.resolve("opt/homebrew/lib/postgresql@17/plpgsql.so").toRealPath());
    assertThat(installed.resolve(cellar + "lib/libpq.5.dylib")).isSymbolicLink();
    assertThat(tree.resolve("lib/postgresql/bitcode")).doesNotExist();
    // a file that is added to the tree does not appear in the server's own directory
    Files.writeString(tree.resolve("share/postgresql/contrib/acme.control"), "");
    assertThat(elsewhere).isDirectoryNotContaining("glob:**/acme.control");
    assertThat(tree.resolve("share/postgresql/contrib/cube.control"))
        .hasContent("comment = 'of the server'");
    assertThat(server.with(Set.of()).identity())
        .isEqualTo(find(path(cellar)).identity())
        .isNotEqualTo(server18().identity());
  }

  private InstalledDistribution server18() throws IOException {
    debian(18);
    return find("18");
  }

  /**
   * PostgreSQL 18 has settings for the directories of control files and libraries, but no setting
   * for the directory of other files.
   */
  @Test
  void configuresTheDirectoriesOfExtensions() throws IOException {
    InstalledDistribution server = server18();
    Path mine = root.resolve("mine");
    PostgresDistribution inPlace =
        server.with(
            Set.of(
                ExtensionSource.SCRIPTS + "acme.control", ExtensionSource.LIBRARIES + "acme.so"));
    inPlace.unpack(mine);
    assertThat(mine).isEmptyDirectory();
    PostgresCommands programs = inPlace.programs(mine);
    assertThat(programs.bin()).isEqualTo(server.bin());
    assertThat(programs.scripts())
        .containsExactly(
            mine.resolve("share/postgresql/extension"), server.shared().resolve("extension"));
    assertThat(programs.settings())
        .isEqualTo(
            Map.of(
                "extension_control_path",
                mine + "/share/postgresql:$system",
                "dynamic_library_path",
                mine + "/lib/postgresql:$libdir"));
    for (String other :
        List.of(
            ExtensionSource.SHARED + "tsearch_data/acme.stop",
            ExtensionSource.LIBRARIES + "folder/acme.so")) {
      assertThat(server.with(Set.of(other)).programs(mine).bin()).isEqualTo(mine.resolve("bin"));
    }
  }
}
