// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InstallationCacheTest {
  @TempDir private Path root;
  private final AtomicInteger written = new AtomicInteger();

  @BeforeEach
  void closeToOthers() throws IOException {
    Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx------"));
  }

  private void write(Path folder) throws IOException {
    written.incrementAndGet();
    Files.createDirectories(folder.resolve("bin"));
    Files.writeString(folder.resolve("bin/program"), "content");
    Files.writeString(folder.resolve("with a blank"), "more");
    Files.writeString(folder.resolve("empty"), "");
    Files.createSymbolicLink(folder.resolve("link"), Path.of("bin", "program"));
    // packages may contain links to files of other packages
    Files.createSymbolicLink(folder.resolve("nowhere"), Path.of("none"));
  }

  private static List<String> names(Path folder) throws IOException {
    try (var children = Files.list(folder)) {
      return children.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  /** On Windows, not every user can be looked up by name. */
  @Test
  void findsTheUserWithoutItsName() throws IOException {
    assertThat(OwnFiles.user(Path.of("missing"))).isEqualTo(OwnFiles.user());
  }

  @Test
  void createsADirectoryOnce() throws IOException {
    Path made = InstallationCache.in(root).directory("a", this::write);
    assertThat(made).isEqualTo(root.resolve("server/a"));
    assertThat(InstallationCache.in(root).directory("a", this::write)).isEqualTo(made);
    assertThat(written).hasValue(1);
    assertThat(made.resolve("link")).hasContent("content");
    assertThat(names(root.resolve("server"))).containsExactly("a", "lock");
  }

  @Test
  void createsADirectoryOnceForConcurrentThreads() {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      List<CompletableFuture<Path>> made =
          IntStream.range(0, 8)
              .mapToObj(
                  i ->
                      CompletableFuture.supplyAsync(
                          () -> {
                            try {
                              return InstallationCache.in(root).directory("a", this::write);
                            } catch (IOException e) {
                              throw new java.io.UncheckedIOException(e);
                            }
                          },
                          threads))
              .toList();
      assertThat(made).allSatisfy(path -> assertThat(path.join().resolve("empty")).exists());
    } finally {
      threads.shutdown();
    }
    assertThat(written).hasValue(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"bin/program", "with a blank", "empty", ".files", "link", "nowhere"})
  void recreatesADirectoryIfAFileIsMissing(String file) throws IOException {
    Path made = InstallationCache.in(root).directory("a", this::write);
    Files.delete(made.resolve(file));
    InstallationCache.in(root).directory("a", this::write);
    assertThat(written).hasValue(2);
    assertThat(made.resolve(file)).existsNoFollowLinks();
    assertThat(names(root.resolve("server"))).containsExactly("a", "lock");
  }

  @ParameterizedTest
  @ValueSource(strings = {"bin/program", "with a blank", ".files"})
  void recreatesADirectoryIfAFileIsTruncated(String file) throws IOException {
    Path made = InstallationCache.in(root).directory("a", this::write);
    byte[] content = Files.readAllBytes(made.resolve(file));
    for (int length : new int[] {0, 1, content.length - 2}) {
      int before = written.get();
      Files.write(made.resolve(file), java.util.Arrays.copyOf(content, length));
      InstallationCache.in(root).directory("a", this::write);
      assertThat(written).as("cut off at %d", length).hasValue(before + 1);
      assertThat(made.resolve(file)).hasBinaryContent(content);
    }
  }

  /** A directory may have the size of the file that it replaces. */
  @Test
  void recreatesADirectoryIfAFileIsReplacedByADirectory() throws IOException {
    long size = Files.size(Files.createDirectory(root.resolve("empty directory")));
    InstallationCache.Contents sized =
        folder -> {
          write(folder);
          Files.write(folder.resolve("sized"), new byte[Math.toIntExact(size)]);
        };
    Path file = InstallationCache.in(root).directory("a", sized).resolve("sized");
    Files.delete(file);
    Files.createDirectory(file);
    InstallationCache.in(root).directory("a", sized);
    assertThat(written).hasValue(2);
    assertThat(file).isRegularFile();
  }

  /** A link's target may be a file of the machine, which can change. */
  @Test
  void ignoresChangesOfLinkTargets() throws IOException {
    Path target = Files.writeString(root.resolve("target"), "before");
    InstallationCache.Contents linked =
        folder -> {
          write(folder);
          Files.createSymbolicLink(folder.resolve("absolute"), target);
        };
    InstallationCache.in(root).directory("a", linked);
    Files.writeString(target, "longer than before");
    InstallationCache.in(root).directory("a", linked);
    assertThat(written).hasValue(1);
  }

  @Test
  void replacesAFileOfTheSameName() throws IOException {
    InstallationCache cache = InstallationCache.in(root);
    Files.writeString(root.resolve("server/a"), "");
    assertThat(cache.directory("a", this::write).resolve("link")).hasContent("content");
  }

  @Test
  void removesIncompleteDirectories() throws IOException {
    InstallationCache cache = InstallationCache.in(root);
    write(root.resolve("server/.new-1/a"));
    cache.directory("a", this::write);
    assertThat(names(root.resolve("server"))).containsExactly("a", "lock");
  }

  @Test
  void ignoresADirectoryThatCannotBeRemoved() throws Exception {
    InstallationCache cache = InstallationCache.in(root);
    Path left = root.resolve("server/.new-1");
    Files.createDirectories(left.resolve("a"));
    keep(left, true);
    try {
      cache.directory("a", this::write);
      assertThat(names(root.resolve("server"))).containsExactly(".new-1", "a", "lock");
    } finally {
      keep(left, false);
    }
    cache.directory("b", this::write);
    assertThat(names(root.resolve("server"))).containsExactly("a", "b", "lock");
  }

  /**
   * Forbids or allows to remove the contents of a directory. Root needs a file attribute for it.
   */
  private static void keep(Path folder, boolean kept) throws Exception {
    if (OwnFiles.isRoot()) {
      Process chattr =
          new ProcessBuilder("chattr", kept ? "+i" : "-i", folder.toString())
              .redirectErrorStream(true)
              .start();
      String output = new String(chattr.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assumeTrue(chattr.waitFor() == 0, output);
    } else {
      Files.setPosixFilePermissions(
          folder, PosixFilePermissions.fromString(kept ? "r-x------" : "rwx------"));
    }
  }

  @Test
  void leavesNothingAfterAFailure() throws IOException {
    InstallationCache cache = InstallationCache.in(root);
    assertThatThrownBy(
            () ->
                cache.directory(
                    "a",
                    folder -> {
                      write(folder);
                      throw new IOException("No space left on device");
                    }))
        .isInstanceOf(IOException.class)
        .hasMessage("Could not create " + root + "/server/a: No space left on device");
    assertThat(names(root.resolve("server"))).containsExactly("lock");
    assertThatThrownBy(() -> cache.directory("a", folder -> Files.readString(folder)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(NoSuchFileException.class.getName());
    assertThat(cache.directory("a", this::write).resolve("link")).hasContent("content");
  }

  @Test
  void keepsVersionsApart() throws IOException {
    InstallationCache.in(root).directory("a", this::write);
    InstallationCache.in(root).directory("b", this::write);
    assertThat(written).hasValue(2);
    assertThat(names(root.resolve("server"))).containsExactly("a", "b", "lock");
  }

  @Test
  void removesTheLeastRecentlyUsed() throws IOException {
    InstallationCache cache = InstallationCache.in(root);
    long now = System.currentTimeMillis();
    for (int i = 1; i <= 6; i++) {
      Path made = cache.directory("kind-" + i, this::write);
      assertThat(made.toFile().setLastModified(now - i * 3_600_000L)).isTrue();
    }
    Path other = cache.directory("other-1", this::write);
    assertThat(other.toFile().setLastModified(0)).isTrue();
    // used again
    cache.directory("kind-6", this::write);
    cache.removeUnused("kind-", 3);
    assertThat(names(root.resolve("server")))
        .containsExactly("kind-1", "kind-2", "kind-6", "lock", "other-1");
    cache.removeUnused("kind-", 0);
    assertThat(names(root.resolve("server"))).containsExactly("kind-6", "lock", "other-1");
  }

  /** The cache may be on a read-only disk, on which no lock is possible. */
  @Test
  void needsNoLockIfTheDirectoryIsComplete() throws IOException {
    Path made = InstallationCache.in(root).directory("a", this::write);
    Files.delete(root.resolve("server/lock"));
    assertThat(InstallationCache.in(root).directory("a", this::write)).isEqualTo(made);
    assertThat(names(root.resolve("server"))).containsExactly("a");
  }

  @ParameterizedTest
  @ValueSource(strings = {"rwxrwxr-x", "rwxr-xr-x", "rwx------"})
  void keepsThePermissionsOfItsDirectory(String permissions) throws IOException {
    Files.setPosixFilePermissions(root, PosixFilePermissions.fromString(permissions));
    Path made = InstallationCache.in(root).directory("a", this::write);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root)))
        .isEqualTo(permissions);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made.getParent())))
        .isEqualTo("rwx------");
  }

  @Test
  void acceptsAWorldWritableDirectoryOnlyWithAStickyBit() throws IOException {
    Files.setAttribute(root, "unix:mode", 01777);
    InstallationCache.in(root).directory("a", this::write);
    assertThat((int) Files.getAttribute(root, "unix:mode") & 07777).isEqualTo(01777);
    Files.setAttribute(root, "unix:mode", 0777);
    assertThatThrownBy(() -> InstallationCache.in(root))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "The cache cannot be in %1$s: other users can rename the contents of %1$s, which has no"
                    .formatted(root.toRealPath())
                + " sticky bit. Set PG_EXTENSION_CACHE to a directory that you own.");
  }

  /** Other users may already have written files to an accessible directory. */
  @ParameterizedTest
  @ValueSource(strings = {"rwxrwxrwx", "rwxrwx---", "rwxr-xr-x"})
  void rejectsAnAccessibleServerDirectory(String permissions) throws IOException {
    Path server = Files.createDirectory(root.resolve("server"));
    Files.setPosixFilePermissions(server, PosixFilePermissions.fromString(permissions));
    assertThatThrownBy(() -> InstallationCache.in(root))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "The cache cannot be in %s: other users can access %s.".formatted(root, server)
                + " Set PG_EXTENSION_CACHE to a directory that you own.");
  }

  /** The owner could replace a subdirectory. */
  @Test
  void rejectsADirectoryOfAnotherUser() throws IOException {
    assumeTrue(OwnFiles.isRoot(), "only root can change the owner of a directory");
    for (int mode : new int[] {0755, 01777}) {
      Files.setAttribute(root, "unix:mode", mode);
      Files.setAttribute(root, "unix:uid", 65534);
      assertThatThrownBy(() -> InstallationCache.in(root))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(root.toRealPath() + " is neither you nor root, and could replace");
    }
  }

  /**
   * On many systems, each user has a separate group, so group write access to the user's own
   * directory is safe. Other users may be members of root's group.
   */
  @Test
  void rejectsAGroupWritableDirectoryOfRoot() throws IOException {
    assumeTrue(OwnFiles.isRoot(), "only root has directories of root");
    UserPrincipal other =
        root.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody");
    Files.setAttribute(root, "unix:mode", 0775);
    assertThat(OwnFiles.danger(root, OwnFiles.user())).isNull();
    assertThat(OwnFiles.danger(root, other))
        .contains("other users can rename the contents of " + root.toRealPath());
    for (int mode : new int[] {0755, 01775}) {
      Files.setAttribute(root, "unix:mode", mode);
      assertThat(OwnFiles.danger(root, other)).isNull();
    }
  }

  /** Another user could replace a directory above the cache, and the cache with it. */
  @ParameterizedTest
  @CsvSource({"above, 0777", "above, 0772", "above/between, 0777"})
  void rejectsACacheBelowADirectoryThatOthersCanRename(String folder, String mode)
      throws IOException {
    Path parent = root.toRealPath().resolve("above/between");
    Files.createDirectories(parent);
    Path open = root.toRealPath().resolve(folder);
    Files.setAttribute(open, "unix:mode", Integer.parseInt(mode, 8));
    Path link = Files.createSymbolicLink(root.resolve("link"), parent);
    for (Path cache : List.of(parent.resolve("cache"), link.resolve("cache"))) {
      assertThatThrownBy(() -> InstallationCache.in(cache))
          .isInstanceOf(IOException.class)
          .hasMessage(
              "The cache cannot be in %s: other users can rename the contents of %s, which has no"
                      .formatted(cache, open)
                  + " sticky bit. Set PG_EXTENSION_CACHE to a directory that you own.");
    }
    Files.setAttribute(open, "unix:mode", 01777);
    assertThat(InstallationCache.in(link.resolve("cache")).path("a"))
        .isEqualTo(parent.resolve("cache/server/a"));
  }

  /** The owner of a directory above the cache could replace the cache. */
  @Test
  void rejectsACacheBelowADirectoryOfAnotherUser() throws IOException {
    assumeTrue(OwnFiles.isRoot(), "only root can change the owner of a directory");
    Path above = Files.createDirectory(root.toRealPath().resolve("above"));
    Path cache = Files.createDirectory(above.resolve("cache"));
    Files.setAttribute(above, "unix:uid", 65534);
    assertThatThrownBy(() -> InstallationCache.in(cache))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the owner of " + above + " is neither you nor root");
    assertThat(root("HOME", above.toString())).startsWith(root.resolve("tmp"));
  }

  @Test
  void rejectsASubdirectoryOfAnotherUser() throws IOException {
    assumeTrue(OwnFiles.isRoot(), "only root can change the owner of a directory");
    for (String name : List.of("server", "pg-hello-cache-" + OwnFiles.user().getName())) {
      Path planted = Files.createDirectory(root.resolve(name));
      Files.setPosixFilePermissions(planted, PosixFilePermissions.fromString("rwx------"));
      Files.setAttribute(planted, "unix:uid", 65534);
    }
    String message = " belongs to another user, or is a link";
    assertThatThrownBy(() -> InstallationCache.in(root))
        .hasMessageContaining(root + "/server" + message);
    assertThatThrownBy(
            () ->
                InstallationCache.root(Map.of("HOME", root + "/none"), root, Platform.ofThisJvm()))
        .hasMessageContaining(message);
  }

  /** The owner may have closed the directory after another user put a server into it. */
  @ParameterizedTest
  @ValueSource(strings = {"directory", "file", "link"})
  void rejectsFilesOfAnotherUser(String kind) throws IOException {
    assumeTrue(OwnFiles.isRoot(), "only root can change the owner of a file");
    InstallationCache.in(root).directory("a", this::write);
    Path planted = root.resolve("server/planted");
    switch (kind) {
      case "directory" -> Files.createDirectory(planted);
      case "file" -> Files.createFile(planted);
      default -> Files.createSymbolicLink(planted, root.resolve("server/a"));
    }
    InstallationCache.in(root);
    Files.setAttribute(planted, "unix:uid", 65534, LinkOption.NOFOLLOW_LINKS);
    assertThatThrownBy(() -> InstallationCache.in(root))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "The cache cannot be in %1$s: %1$s/server/planted belongs to another user."
                    .formatted(root)
                + " Set PG_EXTENSION_CACHE to a directory that you own.");
  }

  @Test
  void acceptsALinkToADirectory() throws IOException {
    Path folder = Files.createDirectory(root.resolve("folder"));
    Path link = Files.createSymbolicLink(root.resolve("link"), folder);
    InstallationCache.in(link).directory("a", this::write);
    assertThat(folder.resolve("server/a/link")).hasContent("content");
  }

  @Test
  void rejectsAServerDirectoryThatIsALink() throws IOException {
    Path other = Files.createDirectory(root.resolve("other"));
    Files.createSymbolicLink(root.resolve("server"), other);
    assertThatThrownBy(() -> InstallationCache.in(root))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(root.resolve("server") + " belongs to another user, or is a link");
  }

  private Path root(String... environment) throws IOException {
    var variables = new HashMap<String, String>();
    for (int i = 0; i < environment.length; i += 2) {
      variables.put(environment[i], environment[i + 1]);
    }
    return InstallationCache.root(variables, root.resolve("tmp"), Platform.ofThisJvm());
  }

  @Test
  void followsTheEnvironment() throws IOException {
    Path home = Files.createDirectory(root.resolve("home"));
    assertThat(root("HOME", home.toString())).isEqualTo(home.resolve(".cache/pg-hello"));
    assertThat(root("HOME", home.toString(), "XDG_CACHE_HOME", root.toString()))
        .isEqualTo(root.resolve("pg-hello"));
    assertThat(root("HOME", home.toString(), "PG_EXTENSION_CACHE", home + "/of mine"))
        .isEqualTo(home.resolve("of mine"));
    assertThatThrownBy(() -> root("PG_EXTENSION_CACHE", "/\0"))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("PG_EXTENSION_CACHE is invalid: ")
        .hasMessageEndingWith(" Set PG_EXTENSION_CACHE to a directory that you own.");
  }

  /**
   * If an ordinary user runs the test, that user cannot write to this home directory. If root runs
   * it, root would later run files that another user could replace.
   */
  @Test
  void isTemporaryIfTheHomeCannotBeUsed() throws IOException {
    Path home = Files.createDirectory(root.resolve("home"));
    if (OwnFiles.isRoot()) {
      Files.setAttribute(home, "unix:uid", 65534);
    } else {
      Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("r-xr-xr-x"));
    }
    Path expected = root.resolve("tmp/pg-hello-cache-" + OwnFiles.user().getName());
    for (String each : new String[] {home.toString(), root + "/none", "/\0"}) {
      assertThat(root("HOME", each)).as(each).isEqualTo(expected);
    }
    // another user may already have created the directory
    Files.delete(expected);
    Files.createSymbolicLink(expected, home);
    assertThatThrownBy(() -> root("HOME", home.toString()))
        .isInstanceOf(IOException.class)
        .hasMessage(
            expected
                + " belongs to another user, or is a link."
                + " Set PG_EXTENSION_CACHE to a directory that you own.");
  }

  /** Other users could replace the cache after the check. */
  @ParameterizedTest
  @CsvSource({
    "home/.cache, 0700, home/.cache/pg-hello",
    "home/.cache, 0775, home/.cache/pg-hello",
    "home/.cache, 01777, home/.cache/pg-hello",
    "home/.cache, 0777, tmp/pg-hello-cache-",
    "home/.cache, 0702, tmp/pg-hello-cache-",
    "home, 0775, home/.cache/pg-hello",
    "home, 01777, home/.cache/pg-hello",
    "home, 0777, tmp/pg-hello-cache-",
    "home, 0703, tmp/pg-hello-cache-"
  })
  void avoidsDirectoriesThatOthersCanRename(String folder, String mode, String expected)
      throws IOException {
    Path home = root.resolve("home");
    Files.createDirectories(home.resolve(".cache"));
    Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwx------"));
    Files.setAttribute(root.resolve(folder), "unix:mode", Integer.parseInt(mode, 8));
    assertThat(root("HOME", home.toString()).toString()).startsWith(root + "/" + expected);
    Files.setAttribute(root.resolve(folder), "unix:mode", 0700);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0777", "0702"})
  void rejectsATemporaryDirectoryThatOthersCanRename(String mode) throws IOException {
    Path temporary = Files.createDirectory(root.resolve("tmp"));
    Files.setAttribute(temporary, "unix:mode", Integer.parseInt(mode, 8));
    assertThatThrownBy(() -> root("HOME", root + "/none"))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "The cache cannot be in %1$s: other users can rename the contents of %1$s, which has no"
                    .formatted(temporary.toRealPath())
                + " sticky bit. Set PG_EXTENSION_CACHE to a directory that you own.");
    Files.setAttribute(temporary, "unix:mode", 01777);
    assertThat(root("HOME", root + "/none").getParent()).isEqualTo(temporary);
  }

  @Test
  void isInTheLocalApplicationDataOnWindows() throws IOException {
    var windows = new Platform("windows", "amd64", false);
    var environment = Map.of("LOCALAPPDATA", root + "/Local", "HOME", "/c/Users/somebody");
    assertThat(InstallationCache.root(environment, root.resolve("tmp"), windows))
        .isEqualTo(root.resolve("Local/pg-hello"));
  }

  /**
   * On Windows, the Administrators group owns an administrator's files, and user names contain the
   * domain.
   */
  @Test
  void trustsTheAdministratorsGroupOnWindows() throws IOException {
    UserPrincipal user = () -> "HOST\\somebody";
    UserPrincipal other = () -> "HOST\\other";
    GroupPrincipal group = () -> "BUILTIN\\Administrators";
    assertThat(OwnFiles.isOwnedBy(user, user)).isTrue();
    assertThat(OwnFiles.isOwnedBy(user, group)).isTrue();
    assertThat(OwnFiles.isOwnedBy(user, other)).isFalse();
    assertThat(OwnFiles.fileName(user)).isEqualTo("HOST-somebody");
  }

  /** The dynamic loader and the shell would interpret these characters. */
  @ParameterizedTest
  @ValueSource(strings = {"a:b", "a;b", "a$b", "a`b", "a\"b", "a\\b"})
  void rejectsPathsThatServersCannotUse(String name) {
    assumeTrue(Platform.POSIX, "these characters are different on Windows");
    assertThatThrownBy(() -> InstallationCache.in(root.resolve(name)))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("The cache cannot be in " + root.resolve(name) + ": ")
        .hasMessageContaining("characters : ; $");
    assertThat(root.resolve(name)).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"a b", "it's", "ä", "50%", "a#b", "a?b"})
  void acceptsPathsWithOtherCharacters(String name) throws IOException {
    assumeTrue(Platform.POSIX, "these characters are different on Windows");
    assumeTrue(
        Charset.forName(System.getProperty("sun.jnu.encoding")).newEncoder().canEncode(name),
        "the POSIX locale does not support all characters");
    assertThat(InstallationCache.in(root.resolve(name)).path("acme").getParent()).isDirectory();
  }

  @Test
  void reportsThatThePathIsAFile() throws IOException {
    Path file = Files.writeString(root.resolve("file"), "");
    assertThatThrownBy(() -> InstallationCache.in(file))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "The cache cannot be in %1$s: %1$s is not a directory. Set PG_EXTENSION_CACHE to a directory that you own."
                .formatted(file));
    assertThatThrownBy(() -> InstallationCache.in(file.resolve("below")))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("The cache cannot be in " + file.resolve("below") + ": ")
        .hasMessageEndingWith(" Set PG_EXTENSION_CACHE to a directory that you own.");
  }
}
