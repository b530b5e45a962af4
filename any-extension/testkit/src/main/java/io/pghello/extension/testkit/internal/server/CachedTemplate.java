// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import io.pghello.extension.testkit.internal.cache.HeldFiles;
import io.pghello.extension.testkit.internal.cache.InstallationCache;
import io.pghello.extension.testkit.internal.cache.OwnFiles;
import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.cache.Sha256;
import io.pghello.extension.testkit.internal.database.TemplateRequest;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.DriverInfo;

/**
 * The data directory of a stopped server in the cache, with a preparer's template. Its name is a
 * hash of everything that determines the contents. A manifest contains the full hash, and a
 * checksum of each file, which is verified when the file is copied. Files that are not in the
 * manifest are ignored. Not thread-safe, but safe for concurrent use by several JVMs.
 */
final class CachedTemplate implements Closeable {
  /** Templates that take less time are not stored, because storing one takes half a second. */
  static final long MIN_NANOS = Duration.ofMillis(200).toNanos();

  static final String PREFIX = "prepared-";

  /** The number of templates to keep, and their total size. */
  private static final int KEPT = 8;

  private static final long KEPT_BYTES = 2L << 30;

  /** The maximum size of a template. Larger ones would take a second or more to copy. */
  private static final long MAX_BYTES = 1L << 30;

  private static final System.Logger LOGGER = System.getLogger("io.pghello.extension.testkit");
  private static final String FORMAT = "1";
  private static final String MANIFEST = "manifest";
  private static final String DATA = "data";
  private static final String END = "end";
  private static final String DIRECTORY = "directory";

  /** The limit for waiting until another JVM has prepared the template. */
  private static final Duration WAIT = Duration.ofMinutes(10);

  private static final int BUFFER_BYTES = 1 << 18;

  private final InstallationCache cache;
  private final String identity;
  private final String name;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private @Nullable Closeable lock;

  /**
   * Creates an instance.
   *
   * @param base the name of the data directory from which the template is prepared
   * @param settings the settings of the server
   */
  CachedTemplate(
      InstallationCache cache, String base, Map<String, String> settings, TemplateRequest request) {
    this.cache = cache;
    var parts =
        new ArrayList<>(
            List.of(
                FORMAT,
                base,
                request.key(),
                DriverInfo.DRIVER_FULL_NAME,
                TimeZone.getDefault().getID(),
                Locale.getDefault().toString(),
                Charset.defaultCharset().name()));
    new TreeMap<>(settings).forEach((setting, value) -> parts.addAll(List.of(setting, value)));
    var text = new StringBuilder();
    parts.forEach(part -> text.append(part.length()).append(' ').append(part));
    this.identity = Sha256.hex(text.toString().getBytes(StandardCharsets.UTF_8));
    this.name = PREFIX + identity.substring(0, 16);
  }

  /**
   * Copies the template to the data directory of a server, if the cache contains it. If it is
   * damaged, logs a warning and removes it.
   *
   * @param data the data directory, which must not exist
   * @return whether the template was copied
   */
  boolean restore(Path data) throws IOException {
    Path folder = cache.path(name);
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    String damage;
    try {
      damage = copy(folder, data);
    } catch (IOException | IllegalArgumentException e) {
      damage = e.toString();
    }
    if (damage == null) {
      InstallationCache.markUsed(folder);
      return true;
    }
    if (Files.exists(data)) {
      HeldFiles.delete(data);
    }
    cache.discard(name, damage);
    return false;
  }

  /** Waits until no other JVM or thread prepares this template, and then claims it. */
  void lock() throws IOException {
    lock = cache.lock("preparing-" + identity.substring(0, 16), WAIT);
  }

  /** Returns whether this instance may store the template. */
  boolean isLocked() {
    return lock != null;
  }

  /**
   * Stores the data directory of a stopped server. If that fails, for example because the disk is
   * full, logs a warning.
   */
  void store(Path data) {
    try {
      long bytes = size(data);
      if (bytes > MAX_BYTES) {
        LOGGER.log(
            System.Logger.Level.INFO,
            "The prepared template is not stored in the cache, because it has "
                + (bytes >> 20)
                + " MB, and the maximum is "
                + (MAX_BYTES >> 20)
                + " MB.");
        return;
      }
      cache.directory(
          name,
          folder -> {
            cache.removeUnused(PREFIX, KEPT - 1, KEPT_BYTES - bytes, Duration.ZERO);
            cache.removeUnused("preparing-", KEPT, Long.MAX_VALUE, WAIT);
            Files.createDirectories(folder);
            write(data, folder);
          });
    } catch (IOException e) {
      LOGGER.log(
          System.Logger.Level.WARNING,
          "The prepared template could not be stored, so the next JVM prepares it again: "
              + e.getMessage()
              + ". Free disk space, or set -Dpg-extension.cache-templates=false.");
    }
  }

  @Override
  public void close() throws IOException {
    if (lock != null) {
      lock.close();
      lock = null;
    }
  }

  private static long size(Path data) throws IOException {
    var sum = new long[1];
    Files.walkFileTree(
        data,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            sum[0] += attributes.size();
            return FileVisitResult.CONTINUE;
          }
        });
    return sum[0];
  }

  private void write(Path data, Path folder) throws IOException {
    var lines = new ArrayList<String>();
    lines.add(identity);
    Path copies = folder.resolve(DATA);
    Files.walkFileTree(
        data,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes)
              throws IOException {
            Path relative = data.relativize(dir);
            createDirectory(copies.resolve(relative));
            if (!dir.equals(data)) {
              lines.add(DIRECTORY + " " + relative);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Path relative = data.relativize(file);
            if (!attributes.isRegularFile()) {
              throw new IOException(relative + " is not a regular file");
            }
            lines.add(copyFile(file, copies.resolve(relative)) + " " + relative);
            return FileVisitResult.CONTINUE;
          }
        });
    lines.add(END);
    Files.write(folder.resolve(MANIFEST), lines);
  }

  /** Copies the files in the manifest. Returns the first difference, or null if there is none. */
  private @Nullable String copy(Path folder, Path data) throws IOException {
    if (!OwnFiles.belongsToUser(folder)) {
      return "its owner";
    }
    List<String> lines = Files.readAllLines(folder.resolve(MANIFEST));
    if (lines.size() < 2
        || !lines.get(0).equals(identity)
        || !lines.get(lines.size() - 1).equals(END)) {
      return MANIFEST;
    }
    Path stored = folder.resolve(DATA);
    createDirectory(data);
    for (String line : lines.subList(1, lines.size() - 1)) {
      int space = line.indexOf(' ');
      String relative = line.substring(space + 1);
      Path from = stored.resolve(relative).normalize();
      Path to = data.resolve(relative).normalize();
      if (space < 0 || !from.startsWith(stored) || !to.startsWith(data)) {
        return MANIFEST;
      }
      boolean isDirectory = line.startsWith(DIRECTORY + " ");
      if (isDirectory) {
        createDirectory(to);
      } else if (!Files.isRegularFile(from, LinkOption.NOFOLLOW_LINKS)
          || !copyFile(from, to).equals(line.substring(0, space))) {
        return relative;
      }
    }
    return null;
  }

  private static void createDirectory(Path folder) throws IOException {
    if (Platform.POSIX) {
      Files.createDirectory(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } else {
      Files.createDirectory(folder);
    }
  }

  /** Copies a file. Returns the checksum and the size of its content. */
  private String copyFile(Path from, Path to) throws IOException {
    var checksum = new CRC32C();
    long size = 0;
    try (FileChannel in = FileChannel.open(from, StandardOpenOption.READ);
        FileChannel out =
            FileChannel.open(to, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      if (Platform.POSIX) {
        Files.setPosixFilePermissions(to, PosixFilePermissions.fromString("rw-------"));
      }
      while (in.read(buffer.clear()) >= 0) {
        buffer.flip();
        checksum.update(buffer);
        buffer.rewind();
        while (buffer.hasRemaining()) {
          size += out.write(buffer);
        }
      }
    }
    return Long.toHexString(checksum.getValue()) + "-" + size;
  }
}
