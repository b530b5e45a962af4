// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.maven.model.License;
import org.apache.maven.plugin.MojoExecutionException;
import org.apache.maven.plugin.MojoFailureException;
import org.apache.maven.plugin.logging.SystemStreamLog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the goal {@code image} on simulated jars, without a compiler. */
class ImageMojoTest {
  private static final String FOLDER = "META-INF/pg-extension/";

  @TempDir private Path folder;
  private final Map<String, String> files = new TreeMap<>();
  private final List<String> logged = new ArrayList<>();

  /** Returns a goal for a jar with the files of this test, listed in SHA256SUMS. */
  private ImageMojo mojo(String descriptor) throws IOException {
    Path classes = folder.resolve("classes");
    var sums = new StringBuilder();
    for (Map.Entry<String, String> file : files.entrySet()) {
      write(classes.resolve(FOLDER + "acme/" + file.getKey()), file.getValue());
      if (file.getKey().contains("/")) {
        byte[] content = file.getValue().getBytes(StandardCharsets.UTF_8);
        sums.append(Sha256.hex(content)).append("  ").append(file.getKey()).append('\n');
      }
    }
    write(classes.resolve(FOLDER + "acme/SHA256SUMS"), sums.toString());
    write(classes.resolve(FOLDER + "acme.properties"), descriptor);
    var mojo = new ImageMojo();
    mojo.classesDirectory = classes.toFile();
    mojo.imageDirectory = folder.resolve("oci").toFile();
    mojo.setLog(
        new SystemStreamLog() {
          @Override
          public void info(CharSequence content) {
            logged.add(content.toString());
          }

          @Override
          public void warn(CharSequence content) {
            logged.add("warning: " + content);
          }
        });
    return mojo;
  }

  private static void write(Path file, String content) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
  }

  private void addLibraries(int major) {
    files.put("share/" + major + "/extension/acme.control", "default_version = '1.0~rc1'");
    files.put(
        "share/" + major + "/extension/acme--1.0.sql",
        "COPY t FROM '@PG_EXTENSION_SHARED_FOLDER@/t';");
    files.put("linux-amd64/" + major + "/acme.so", "amd64");
    files.put("linux-arm64/" + major + "/acme.so", "arm64");
  }

  private Map<String, String> tree(String name) throws IOException {
    Path root = folder.resolve(name);
    var tree = new TreeMap<String, String>();
    try (Stream<Path> all = Files.walk(root)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        tree.put(root.relativize(file).toString(), Sha256.hex(Files.readAllBytes(file)));
      }
    }
    return tree;
  }

  private Path blob(String digest) {
    return folder.resolve("oci/blobs/sha256/" + digest);
  }

  private static List<String> digests(String json, String type) {
    Matcher matcher =
        Pattern.compile(type + "[^}]*?\"digest\":\"sha256:([0-9a-f]{64})\"").matcher(json);
    return matcher.results().map(each -> each.group(1)).toList();
  }

  /** Unpacks a layer with the system's program tar. */
  private Path unpack(String layer) throws Exception {
    Path target = Files.createTempDirectory(folder, "unpacked");
    Process tar =
        new ProcessBuilder("tar", "-C", target.toString(), "-xzf", blob(layer).toString())
            .inheritIO()
            .start();
    assertThat(tar.waitFor()).isZero();
    return target;
  }

  @Test
  void writesAnImageForEachProcessor() throws Exception {
    addLibraries(17);
    addLibraries(18);
    files.put("needed/linux-amd64/18/libgeo.so.1", "geo");
    files.put("needed/linux-arm64/18/libgeo.so.1", "geo");
    files.put("needed/share/18/proj/proj.db", "db");
    files.put("share/18/tsearch_data/acme.stop", "the");
    files.put("copyright", "licence of acme");
    ImageMojo mojo = mojo("majors = 17,18\npreload = acme\nsetting.acme.mode = fast\n");
    mojo.description = "says \"hi\"\n";
    var licence = new License();
    licence.setName("MIT");
    mojo.licenses = List.of(licence);
    mojo.execute();

    assertThat(folder.resolve("oci/oci-layout")).hasContent("{\"imageLayoutVersion\":\"1.0.0\"}");
    tree("oci")
        .forEach(
            (file, hash) -> {
              if (file.startsWith("blobs/")) {
                assertThat(file).isEqualTo("blobs/sha256/" + hash);
              }
            });
    String root = Files.readString(folder.resolve("oci/index.json"));
    assertThat(root).contains("\"org.opencontainers.image.ref.name\":\"1.0_rc1-18-trixie\"");
    String index = Files.readString(blob(digests(root, "index.v1").get(0)));
    assertThat(index)
        .contains("{\"architecture\":\"amd64\",\"os\":\"linux\"}")
        .contains("{\"architecture\":\"arm64\",\"os\":\"linux\"}");
    List<String> manifests = digests(index, "manifest.v1");
    assertThat(manifests).hasSize(2);
    for (String processor : List.of("amd64", "arm64")) {
      String manifest = Files.readString(blob(manifests.get(processor.equals("amd64") ? 0 : 1)));
      String config = Files.readString(blob(digests(manifest, "config.v1").get(0)));
      String layer = digests(manifest, "layer.v1").get(0);
      assertThat(config)
          .contains("\"architecture\":\"" + processor + "\"")
          .contains("\"io.cloudnativepg.image.base.os\":\"trixie\"")
          .contains("\"io.cloudnativepg.image.base.pgmajor\":\"18\"")
          .contains("\"io.cloudnativepg.image.sql.version\":\"1.0~rc1\"")
          .contains("\"org.opencontainers.image.description\":\"says \\\"hi\\\"\"")
          .contains("\"org.opencontainers.image.licenses\":\"MIT\"")
          .contains("\"org.opencontainers.image.title\":\"acme\"");
      try (var gzip =
          new GZIPInputStream(new ByteArrayInputStream(Files.readAllBytes(blob(layer))))) {
        assertThat(config).contains("[\"sha256:" + Sha256.hex(gzip.readAllBytes()) + "\"]");
      }
      Path image = unpack(layer);
      assertThat(image.resolve("lib/acme.so")).hasContent(processor).isExecutable();
      assertThat(image.resolve("system/libgeo.so.1")).hasContent("geo");
      assertThat(image.resolve("share/proj/proj.db")).hasContent("db");
      assertThat(image.resolve("share/extension/acme.control")).exists();
      assertThat(image.resolve("share/extension/acme--1.0.sql"))
          .hasContent("COPY t FROM '/extensions/acme/share/t';");
      assertThat(image.resolve("licenses/acme/copyright")).hasContent("licence of acme");
    }
    assertThat(logged)
        .contains(
            "Copy: skopeo copy --all oci:"
                + folder.resolve("oci")
                + ":1.0_rc1-18-trixie docker://REGISTRY/IMAGE:TAG",
            "The Cluster needs, in spec.postgresql: extensions: ld_library_path: [system]",
            "The Cluster needs, in spec.postgresql: shared_preload_libraries: [acme]",
            "The Cluster needs, in spec.postgresql: parameters: acme.mode: fast",
            "warning: PostgreSQL reads only scripts from the image, but not"
                + " share/tsearch_data/acme.stop. Remedy: add these files to the server's image");

    Map<String, String> before = tree("oci");
    mojo.execute();
    assertThat(tree("oci")).isEqualTo(before);
  }

  @Test
  void readsAJarAndItsManifest() throws Exception {
    addLibraries(18);
    ImageMojo mojo = mojo("majors = 18\n");
    Path jar = folder.resolve("acme.jar");
    write(
        folder.resolve("classes/META-INF/MANIFEST.MF"),
        "Manifest-Version: 1.0\nBundle-License: MIT\n\n");
    write(folder.resolve("classes/META-INF/LICENSE"), "MIT Licence");
    try (OutputStream out = Files.newOutputStream(jar);
        var zip = new ZipOutputStream(out);
        Stream<Path> all = Files.walk(folder.resolve("classes"))) {
      for (Path file : all.filter(Files::isRegularFile).sorted().toList()) {
        zip.putNextEntry(new ZipEntry(folder.resolve("classes").relativize(file).toString()));
        zip.write(Files.readAllBytes(file));
      }
    }
    mojo.jar = jar.toString();
    mojo.classesDirectory = folder.resolve("none").toFile();
    mojo.execute();
    String index =
        Files.readString(
            blob(digests(Files.readString(folder.resolve("oci/index.json")), "index.v1").get(0)));
    String manifest = Files.readString(blob(digests(index, "manifest.v1").get(0)));
    assertThat(manifest).contains("\"org.opencontainers.image.licenses\":\"MIT\"");
    assertThat(unpack(digests(manifest, "layer.v1").get(0)).resolve("licenses/acme/LICENSE"))
        .hasContent("MIT Licence");
  }

  /** The images of this repository's extension, whose module is built before this one. */
  @Test
  void writesTheImagesOfPgHello() throws Exception {
    Path classes = Path.of("../../extension/target/classes");
    assumeTrue(
        Files.exists(classes.resolve("io/pghello/extension/linux-arm64/18")),
        "pg_hello is not built for linux-arm64");
    ImageMojo mojo = mojo("");
    mojo.classesDirectory = classes.toFile();
    mojo.execute();
    String root = Files.readString(folder.resolve("oci/index.json"));
    Path licence = Path.of("../../LICENSE");
    // the machines of ELF
    Map<String, Integer> machines = Map.of("amd64", 0x3e, "arm64", 0xb7);
    var processors = new TreeSet<String>();
    for (String index : digests(root, "index.v1")) {
      for (String digest : digests(Files.readString(blob(index)), "manifest.v1")) {
        String manifest = Files.readString(blob(digest));
        String config = Files.readString(blob(digests(manifest, "config.v1").get(0)));
        Path image = unpack(digests(manifest, "layer.v1").get(0));
        assertThat(image.resolve("licenses/pg_hello/LICENSE")).hasSameTextualContentAs(licence);
        assertThat(image.resolve("share/extension/pg_hello.control")).exists();
        Matcher processor = Pattern.compile("\"architecture\":\"(.*?)\"").matcher(config);
        assertThat(processor.find()).isTrue();
        byte[] library = Files.readAllBytes(image.resolve("lib/pg_hello.so"));
        assertThat(library[18] & 0xff).isEqualTo(machines.get(processor.group(1)));
        processors.add(processor.group(1));
      }
    }
    assertThat(processors).contains("arm64");
  }

  @Test
  void writesAnImageForTheOnlyProcessor() throws Exception {
    addLibraries(18);
    files.remove("linux-arm64/18/acme.so");
    mojo("majors = 18\n").execute();
    assertThat(logged)
        .contains(
            "warning: No image for linux-arm64, because the jar has no library. Remedy: build it for"
                + " this platform",
            "warning: The images contain no licence. Remedy: add a file LICENSE to the project");
    files.clear();
    addLibraries(19);
    files.remove("linux-amd64/19/acme.so");
    files.remove("linux-arm64/19/acme.so");
    files.put("darwin-arm64/19/acme.dylib", "");
    ImageMojo mojo = mojo("majors = 19\n");
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessage(
            "The extension \"acme\" has no library for PostgreSQL 19 on linux-amd64 or linux-arm64,"
                + " only for darwin-arm64/19. Remedy: build it for one of these platforms.");
  }

  @Test
  void rejectsVersionsBefore18() throws Exception {
    addLibraries(17);
    ImageMojo mojo = mojo("majors = 17\n");
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessage(
            "Servers load extensions from images since PostgreSQL 18, but the major versions are 17."
                + " Remedy: build the extension for PostgreSQL 18 or later, and add it to"
                + " pg-extension.majors.");
  }

  @Test
  void rejectsUnclearAndMissingExtensions() throws Exception {
    addLibraries(18);
    ImageMojo mojo = mojo("majors = 18\n");
    write(folder.resolve("classes/" + FOLDER + "other.properties"), "majors = 18\n");
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessageEndingWith(
            "contains several extensions. Remedy: set pg-extension.name to one of acme, other.");
    mojo.name = "none";
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessageContaining("has no extension \"none\". Remedy:");
    mojo.name = "acme";
    mojo.execute();
    // a further extension in the directory of the first one
    write(
        folder.resolve("classes/" + FOLDER + "other.properties"),
        "majors = 18\nfolder = " + FOLDER + "acme\n");
    mojo.name = null;
    mojo.execute();
    mojo.classesDirectory = folder.resolve("oci").toFile();
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessageContaining("There is no extension in ");
    mojo.classesDirectory = folder.resolve("none").toFile();
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessageContaining("There is no extension in ");
    mojo.jar = "neither";
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessage(
            "pg-extension.jar is neither, which does not exist. Remedy: set it to the path of a jar,"
                + " or to GROUP:ARTIFACT:VERSION.");
    mojo.jar = folder.resolve("classes/" + FOLDER + "acme.properties").toString();
    assertThatThrownBy(mojo::execute).isInstanceOf(MojoExecutionException.class);
  }

  @Test
  void keepsOtherDirectories() throws Exception {
    addLibraries(18);
    ImageMojo mojo = mojo("majors = 18\n");
    Path mine = folder.resolve("oci/mine");
    write(mine, "");
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessageContaining("exists, but is not an OCI layout. Remedy:");
    assertThat(mine).exists();
  }

  @Test
  void rejectsDamagedJars() throws Exception {
    addLibraries(18);
    for (String descriptor :
        List.of(
            "majors = 18\nfolder = ../../..\n",
            "majors = 18\nfolder = /etc\n",
            "majors = x\n",
            "")) {
      ImageMojo mojo = mojo(descriptor);
      assertThatThrownBy(mojo::execute)
          .as(descriptor)
          .isInstanceOfAny(MojoFailureException.class, MojoExecutionException.class);
    }
    ImageMojo mojo = mojo("majors = 18\n");
    write(folder.resolve("classes/" + FOLDER + "acme/linux-arm64/18/acme.so"), "changed");
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessageContaining("linux-arm64/18/acme.so does not match SHA256SUMS");
    files.put("share/18/extension/acme.control", "comment = 'no version'");
    assertThatThrownBy(mojo("majors = 18\n")::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessageContaining("does not set default_version");
    files.put("share/18/extension/" + "x".repeat(120), "");
    assertThatThrownBy(mojo("majors = 18\n")::execute).isInstanceOf(MojoFailureException.class);
    assertThat(folder.resolve("oci")).doesNotExist();
  }

  @Test
  void limitsTheSizeOfFiles() throws Exception {
    write(folder.resolve("classes/a"), "x".repeat(600));
    write(folder.resolve("classes/b"), "x".repeat(600));
    try (var jar = new ExtensionJar(folder.resolve("classes"), 1000)) {
      assertThat(jar.read("a")).hasSize(600);
      assertThatThrownBy(() -> jar.read("b"))
          .isInstanceOf(IOException.class)
          .hasMessage(
              "The files of an image have more than 1000 bytes. Remedy: build this image with a"
                  + " Dockerfile.");
      assertThatThrownBy(() -> jar.read("../secret"))
          .isInstanceOf(IOException.class)
          .hasMessage("\"../secret\" is not a path in the jar");
    }
  }
}
