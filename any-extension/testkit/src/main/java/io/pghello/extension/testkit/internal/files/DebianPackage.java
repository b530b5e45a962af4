// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.files;

import io.pghello.extension.testkit.internal.cache.Platform;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.tukaani.xz.XZInputStream;

/** A Debian binary package; see deb(5). Its maintainer scripts are not run. */
final class DebianPackage {
  private static final Pattern NAME = Pattern.compile("[^_]+(?:_[^_]+_([a-z0-9-]+))?\\.deb");

  private static final String DATA = "data.tar";

  private DebianPackage() {}

  /**
   * Returns whether a file name belongs to a package for this machine's architecture or for all
   * architectures.
   */
  static boolean isForThisMachine(String file) {
    Matcher name = NAME.matcher(file);
    return name.matches()
        && (name.group(1) == null
            || name.group(1).equals("all")
            || Platform.current().endsWith("-" + name.group(1)));
  }

  /**
   * Unpacks the files of a package.
   *
   * @param folder an existing directory, which may contain files of other packages
   * @throws IOException if the file is not a package, or has a path outside the directory
   */
  static void unpack(Path file, Path folder) throws IOException {
    try (var members =
        new ArArchiveInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      for (ArArchiveEntry member; (member = members.getNextEntry()) != null; ) {
        if (member.getName().startsWith(DATA)) {
          unpackFiles(uncompressed(member.getName(), members), folder.toRealPath());
          return;
        }
      }
    } catch (IOException e) {
      throw new IOException(file + " cannot be unpacked: " + e.getMessage(), e);
    }
    throw new IOException(file + " cannot be unpacked: it has no " + DATA);
  }

  private static InputStream uncompressed(String name, InputStream data) throws IOException {
    return switch (name.substring(DATA.length()).replace("/", "")) {
      case "" -> data;
      case ".gz" -> new GzipCompressorInputStream(data);
      case ".xz" -> new XZInputStream(data);
      default ->
          throw new IOException(
              name
                  + " is not compressed with gzip or xz: unpack the package with dpkg -x, and pass"
                  + " that directory");
    };
  }

  private static void unpackFiles(InputStream data, Path folder) throws IOException {
    // closed together with the enclosing archive
    var tar = new TarArchiveInputStream(data);
    for (TarArchiveEntry entry; (entry = tar.getNextEntry()) != null; ) {
      Path path = inDirectory(folder, entry.getName());
      if (entry.isDirectory()) {
        Files.createDirectories(requireInside(folder, path, entry));
        continue;
      }
      if (!entry.isFile() && !entry.isSymbolicLink() && !entry.isLink()) {
        continue;
      }
      requireInside(folder, path, entry);
      Files.createDirectories(path.getParent());
      Files.deleteIfExists(path);
      if (entry.isSymbolicLink()) {
        Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
      } else if (entry.isLink()) {
        Path other = inDirectory(folder, entry.getLinkName());
        Files.copy(requireInside(folder, other, entry), path, LinkOption.NOFOLLOW_LINKS);
      } else {
        Files.copy(tar, path);
      }
    }
  }

  private static Path inDirectory(Path folder, String name) throws IOException {
    Path path = folder.resolve("./" + name).normalize();
    if (!path.startsWith(folder)) {
      throw new IOException("it contains " + name + ", a path outside the package's directory");
    }
    return path;
  }

  /** Rejects a path that leads outside the directory through a previously unpacked link. */
  private static Path requireInside(Path folder, Path path, TarArchiveEntry entry)
      throws IOException {
    Path above = folder;
    for (Path part : folder.relativize(path)) {
      if (!Files.exists(above, LinkOption.NOFOLLOW_LINKS)) {
        break;
      }
      if (!above.toRealPath().startsWith(folder)) {
        throw new IOException(
            "it contains " + entry.getName() + ", a path outside the package's directory");
      }
      above = above.resolve(part);
    }
    return path;
  }
}
