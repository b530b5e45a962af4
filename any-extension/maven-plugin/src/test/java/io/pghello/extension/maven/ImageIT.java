// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.ServerBinaries;
import io.pghello.extension.testkit.TestDatabase;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Stream;
import org.apache.maven.plugin.MojoFailureException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Builds an image, and uses it in the way in which CloudNativePG mounts images. */
class ImageIT {
  @TempDir private Path folder;
  private final ImageMojo mojo = new ImageMojo();

  @BeforeEach
  void build() throws Exception {
    assumeTrue(BuildIT.MAJOR >= 18, "no images before PostgreSQL 18");
    Path source = folder.resolve("source");
    BuildIT.copy(source);
    // a function of the C library, so that the library needs a version of it
    Files.writeString(
        source.resolve("src/acme_steps.c"),
        """
        #include <stdlib.h>
        extern char *acme_home(void);
        char *acme_home(void) { return getenv("HOME"); }
        """,
        StandardOpenOption.APPEND);
    BuildIT.compile(source);
    var pack = new PackageMojo();
    pack.buildDirectory = BuildIT.target(source).toFile();
    pack.classesDirectory = folder.resolve("classes").toFile();
    pack.majors = List.of(BuildIT.MAJOR);
    pack.execute();
    mojo.classesDirectory = pack.classesDirectory;
    mojo.imageDirectory = folder.resolve("oci").toFile();
  }

  @Test
  void serverLoadsTheExtensionFromTheImage() throws Exception {
    mojo.execute();
    Path image = Files.createDirectories(folder.resolve("image"));
    try (Stream<Path> blobs = Files.list(folder.resolve("oci/blobs/sha256"))) {
      for (Path blob : blobs.toList()) {
        // the layer is the only compressed file
        if (Files.readAllBytes(blob)[0] == 0x1f) {
          run("tar", "-C", image.toString(), "-xzf", blob.toString());
        }
      }
    }
    // the settings that CloudNativePG makes
    try (ExtensionServer server =
            ExtensionServer.builder()
                .setting("extension_control_path", "$system:" + image + "/share")
                .setting("dynamic_library_path", "$libdir:" + image + "/lib")
                .start();
        TestDatabase database = server.createDatabase();
        Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE EXTENSION acme_steps");
      try (ResultSet row = statement.executeQuery("SELECT acme_step(41)")) {
        row.next();
        assertThat(row.getInt(1)).isEqualTo(42);
      }
    }
  }

  @Test
  void otherProgramsReadTheLayout() throws Exception {
    for (String program : List.of("skopeo", "umoci")) {
      assumeTrue(
          Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
              .anyMatch(each -> new File(each, program).canExecute()),
          "no " + program);
    }
    mojo.execute();
    String image = folder.resolve("oci") + ":1.0-" + BuildIT.MAJOR + "-trixie";
    Path copy = folder.resolve("copy");
    run("skopeo", "--insecure-policy", "copy", "--all", "oci:" + image, "oci:" + copy + ":tag");
    String bundle = folder.resolve("bundle").toString();
    run("umoci", "unpack", "--rootless", "--image", copy + ":tag", bundle);
    assertThat(folder.resolve("bundle/rootfs/lib/acme_steps.so")).isExecutable();
  }

  /** Changes the version of the GNU C library that the extension's library needs. */
  @Test
  void rejectsLibrariesForNewerDistributions() throws Exception {
    Path extension = folder.resolve("classes/META-INF/pg-extension/acme_steps");
    String path = ServerBinaries.currentPlatform() + "/" + BuildIT.MAJOR + "/acme_steps.so";
    byte[] before = Files.readAllBytes(extension.resolve(path));
    String text = new String(before, StandardCharsets.ISO_8859_1);
    assertThat(text).contains("\0GLIBC_2.");
    byte[] after = text.replace("\0GLIBC_2.", "\0GLIBC_9.").getBytes(StandardCharsets.ISO_8859_1);
    Files.write(extension.resolve(path), after);
    Path sums = extension.resolve("SHA256SUMS");
    Files.writeString(sums, Files.readString(sums).replace(Sha256.hex(before), Sha256.hex(after)));
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessageMatching(
            "The library acme_steps\\.so needs version 9\\.[0-9.]+ of the GNU C library, but Debian"
                + " trixie has 2\\.41\\. Remedy: build it on trixie, or set"
                + " pg-extension\\.image\\.distribution to the distribution of the server's image\\.");
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }
}
