// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.internal.cache.Platform;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class DebianPackageTest {
  @TempDir private Path root;
  private Path folder = Path.of("");

  @BeforeEach
  void create() throws IOException {
    folder = Files.createDirectory(root.resolve("unpacked"));
  }

  /** Adds files and links: NAME -> TARGET for a symbolic link, NAME => TARGET for a hard link. */
  private static byte[] tar(String... entries) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var tar = new TarArchiveOutputStream(bytes)) {
      for (String each : entries) {
        String[] parts = each.split(" [-=]> ", -1);
        byte[] content = each.getBytes(StandardCharsets.UTF_8);
        TarArchiveEntry entry;
        if (parts.length == 1) {
          entry = new TarArchiveEntry(each, true);
          entry.setSize(each.endsWith("/") ? 0 : content.length);
        } else {
          entry =
              new TarArchiveEntry(
                  parts[0],
                  each.contains(" => ") ? TarConstants.LF_LINK : TarConstants.LF_SYMLINK,
                  true);
          entry.setLinkName(parts[1]);
        }
        tar.putArchiveEntry(entry);
        if (entry.isFile() && parts.length == 1) {
          tar.write(content);
        }
        tar.closeArchiveEntry();
      }
    }
    return bytes.toByteArray();
  }

  private interface Compression {
    OutputStream of(OutputStream out) throws IOException;
  }

  private Path deb(String member, byte[] tar, Compression compression) throws IOException {
    var data = new ByteArrayOutputStream();
    try (OutputStream out = compression.of(data)) {
      out.write(tar);
    }
    Path deb = root.resolve("a.deb");
    try (var ar = new ArArchiveOutputStream(Files.newOutputStream(deb))) {
      write(ar, "debian-binary", "2.0\n".getBytes(StandardCharsets.UTF_8));
      write(ar, "control.tar.xz", new byte[] {1, 2, 3});
      write(ar, member, data.toByteArray());
    }
    return deb;
  }

  private static void write(ArArchiveOutputStream ar, String name, byte[] content)
      throws IOException {
    ar.putArchiveEntry(new ArArchiveEntry(name, content.length));
    ar.write(content);
    ar.closeArchiveEntry();
  }

  @ParameterizedTest
  @ValueSource(strings = {"data.tar", "data.tar.gz", "data.tar.xz"})
  void unpacksFilesAndLinks(String member) throws IOException {
    byte[] tar =
        tar(
            "./",
            "./usr/",
            "./usr/lib/a.so.1.0",
            "./usr/lib/a.so.1 -> a.so.1.0",
            "./b => ./usr/lib/a.so.1.0",
            "./etc/x -> /usr/lib/a.so.1");
    DebianPackage.unpack(
        deb(
            member,
            tar,
            out ->
                member.endsWith("gz")
                    ? new GZIPOutputStream(out)
                    : member.endsWith("xz") ? new XZOutputStream(out, new LZMA2Options(0)) : out),
        folder);
    assertThat(folder.resolve("usr/lib/a.so.1")).hasContent("./usr/lib/a.so.1.0");
    assertThat(folder.resolve("b")).hasContent("./usr/lib/a.so.1.0");
    assertThat(Files.readSymbolicLink(folder.resolve("etc/x"))).hasToString("/usr/lib/a.so.1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../outside", "./usr/../../outside", "a => ../outside", "./a/../../outside -> b"})
  void rejectsPathsOutsideTheDirectory(String entry) throws IOException {
    Files.writeString(root.resolve("outside"), "as it was");
    Path deb = deb("data.tar", tar(entry), out -> out);
    assertThatThrownBy(() -> DebianPackage.unpack(deb, folder))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(deb + " cannot be unpacked: it contains ")
        .hasMessageEndingWith(", a path outside the package's directory");
    assertThat(root.resolve("outside")).hasContent("as it was");
  }

  /** The archive contains a link, followed by a file whose path goes through the link. */
  @Test
  void doesNotWriteThroughLinks() throws IOException {
    Path other = Files.createDirectory(root.resolve("other"));
    for (String behind :
        new String[] {"./way/file", "./way/folder/", "./way/a/b/file", "./way/l -> x"}) {
      Files.deleteIfExists(folder.resolve("way"));
      Path deb = deb("data.tar", tar("./way -> " + other, behind), out -> out);
      assertThatThrownBy(() -> DebianPackage.unpack(deb, folder))
          .as(behind)
          .isInstanceOf(IOException.class)
          .hasMessageEndingWith(", a path outside the package's directory");
    }
    assertThat(other).isEmptyDirectory();
    // a file replaces a link of the same name
    Files.delete(folder.resolve("way"));
    Path target = Files.writeString(root.resolve("target"), "as it was");
    DebianPackage.unpack(deb("data.tar", tar("./way -> " + target, "./way"), out -> out), folder);
    assertThat(target).hasContent("as it was");
    assertThat(folder.resolve("way")).hasContent("./way");
  }

  @Test
  void reportsUnreadablePackages() throws IOException {
    Path zstd = deb("data.tar.zst", tar("./a"), out -> out);
    assertThatThrownBy(() -> DebianPackage.unpack(zstd, folder))
        .isInstanceOf(IOException.class)
        .hasMessageEndingWith(
            "data.tar.zst is not compressed with gzip or xz: unpack the package with dpkg -x, and pass"
                + " that directory");
    Path none = deb("other.tar", tar("./a"), out -> out);
    assertThatThrownBy(() -> DebianPackage.unpack(none, folder))
        .hasMessage(none + " cannot be unpacked: it has no data.tar");
    Path text = Files.writeString(root.resolve("text.deb"), "<html>404 Not Found</html>");
    assertThatThrownBy(() -> DebianPackage.unpack(text, folder))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(text + " cannot be unpacked: ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"acme.deb", "postgresql-17-acme_1.0-1_all.deb", "acme_1%3a1.0~rc1-1+b2_HERE.deb"})
  void acceptsPackagesForThisMachine(String file) {
    String here = Platform.current().substring("linux-".length());
    assertThat(DebianPackage.isForThisMachine(file.replace("HERE", here))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"acme_1.0-1_riscv64.deb", "acme.deb.part", "acme.tar", ".deb"})
  void skipsPackagesForOtherMachines(String file) {
    assertThat(DebianPackage.isForThisMachine(file)).isFalse();
  }
}
