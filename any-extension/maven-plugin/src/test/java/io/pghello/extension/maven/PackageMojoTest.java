// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.extension.testkit.ServerBinaries;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.maven.plugin.MojoFailureException;
import org.apache.maven.plugin.logging.SystemStreamLog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the goal {@code package} on simulated installations, without a compiler. */
class PackageMojoTest {
  private static final String PLATFORM = ServerBinaries.currentPlatform();

  @TempDir private Path folder;

  /** Writes a file to the directory into which make install puts the files of a major version. */
  private void install(int major, String file, String content) throws IOException {
    Path path = new BuildDirectory(folder.resolve("build"), major).installed().resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, content);
  }

  private void install(int major, String content) throws IOException {
    install(major, "usr/share/postgresql/" + major + "/extension/acme.control", content);
    install(major, "usr/lib/postgresql/" + major + "/lib/acme.so", content);
  }

  private PackageMojo mojo(Integer... majors) {
    var mojo = new PackageMojo();
    mojo.buildDirectory = folder.resolve("build").toFile();
    mojo.classesDirectory = folder.resolve("classes").toFile();
    mojo.majors = List.of(majors);
    return mojo;
  }

  private Path packed() {
    return folder.resolve("classes/META-INF/pg-extension");
  }

  private List<String> listed() throws IOException {
    return Files.readAllLines(packed().resolve("acme/SHA256SUMS")).stream()
        .map(line -> line.substring(line.indexOf(' ')).strip())
        .toList();
  }

  /** Modules without SQL, e.g. for hooks, are not extensions. */
  @Test
  void rejectsLibraryWithoutExtension() throws Exception {
    install(17, "usr/lib/postgresql/17/lib/acme.so", "library");
    assertThatThrownBy(() -> mojo(17).execute())
        .isInstanceOf(MojoFailureException.class)
        .hasMessageStartingWith(
            "The Makefile installs acme.so, but no extension, because it does not set EXTENSION.");
  }

  /** Files for other major versions may have been built from other sources. */
  @Test
  void keepsNothingOfAnEarlierBuild() throws Exception {
    install(15, "before");
    install(17, "before");
    install(17, "usr/share/postgresql/17/extension/acme--1.0--1.1.sql", "SELECT 1;");
    mojo(15, 17).execute();
    assertThat(listed())
        .containsExactly(
            PLATFORM + "/15/acme.so",
            PLATFORM + "/17/acme.so",
            "share/15/extension/acme.control",
            "share/17/extension/acme--1.0--1.1.sql",
            "share/17/extension/acme.control");
    install(17, "after");
    Files.delete(
        new BuildDirectory(folder.resolve("build"), 17)
            .installed()
            .resolve("usr/share/postgresql/17/extension/acme--1.0--1.1.sql"));
    mojo(17).execute();
    assertThat(listed())
        .containsExactly(PLATFORM + "/17/acme.so", "share/17/extension/acme.control");
    assertThat(packed().resolve("acme/" + PLATFORM + "/15")).doesNotExist();
    assertThat(packed().resolve("acme/" + PLATFORM + "/17/acme.so")).hasContent("after");
    assertThat(packed().resolve("acme.properties")).hasContent("majors=17");
  }

  /** Writes the files that the goal compile would build for another platform. */
  private void installOther(String platform, int major, String library) throws IOException {
    Path build = folder.resolve("build").resolve(platform).resolve(major + "/installed");
    for (String file : List.of("share/postgresql/17/extension/acme.control", "lib/" + library)) {
      Path path = build.resolve("usr").resolve(file);
      Files.createDirectories(path.getParent());
      Files.writeString(path, platform);
    }
  }

  @Test
  void packsOtherPlatformsAndNamesMissingOnes() throws Exception {
    assumeTrue(PLATFORM.equals("linux-amd64"), "the other platforms are for linux-amd64");
    install(17, "this");
    installOther("windows-amd64", 17, "acme.dll");
    installOther("darwin-arm64", 17, "acme.dylib");
    var said = new ArrayList<String>();
    PackageMojo mojo = mojo(17);
    mojo.setLog(
        new SystemStreamLog() {
          @Override
          public void warn(CharSequence content) {
            said.add(content.toString());
          }
        });
    mojo.platforms = List.of("windows-amd64", "darwin-arm64", "linux-arm64", PLATFORM);
    mojo.execute();
    assertThat(listed())
        .containsExactly(
            "darwin-arm64/17/acme.dylib",
            "linux-amd64/17/acme.so",
            "share/17/extension/acme.control",
            "windows-amd64/17/acme.dll");
    assertThat(packed().resolve("acme/share/17/extension/acme.control")).hasContent("this");
    assertThat(said)
        .containsExactly(
            "The jar has no libraries for linux-arm64/17, because they were not built");
    // the next build is for this machine only, and its sources may differ
    mojo.platforms = List.of();
    mojo.execute();
    assertThat(listed())
        .containsExactly("linux-amd64/17/acme.so", "share/17/extension/acme.control");
  }

  @Test
  void failsIfNoPlatformWasBuilt() {
    PackageMojo mojo = mojo(17);
    mojo.platforms = List.of("linux-arm64-musl");
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessage(
            "The extension was not built for PostgreSQL 17 on any of linux-arm64-musl. Run the goal"
                + " compile first, with the same platforms.");
  }

  /** A Makefile may generate different scripts for each major version of the server. */
  @Test
  void packsScriptsOfEachMajor() throws Exception {
    install(15, "default_version = '1.5'");
    install(17, "default_version = '1.7'");
    mojo(15, 17).execute();
    assertThat(packed().resolve("acme/share/15/extension/acme.control"))
        .hasContent("default_version = '1.5'");
    assertThat(packed().resolve("acme/share/17/extension/acme.control"))
        .hasContent("default_version = '1.7'");
    assertThat(packed().resolve("acme.properties")).hasContent("majors=15,17");
  }

  @Test
  void requiresAllPlatformsOnRequest() throws Exception {
    String other = PLATFORM.equals("windows-amd64") ? "linux-amd64" : "windows-amd64";
    install(17, "");
    PackageMojo mojo = mojo(17);
    mojo.platforms = List.of(PLATFORM, other);
    mojo.requirePlatforms = true;
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessage(
            "The jar would have no libraries for "
                + other
                + "/17, because they were not built. Remedy: run the goal compile first, with the"
                + " same platforms");
    assertThat(packed()).doesNotExist();
    mojo.requirePlatforms = false;
    mojo.execute();
    assertThat(listed()).contains(PLATFORM + "/17/acme.so");
  }

  @Test
  void rejectsAnEmptyListOfMajors() {
    assertThatThrownBy(() -> mojo().execute())
        .isInstanceOf(MojoFailureException.class)
        .hasMessage(
            "There is no major version to build for. Remedy: set pg-extension.majors, for example"
                + " to 17 or 15,17");
  }

  @Test
  void listsAMajorOnce() throws Exception {
    install(17, "");
    mojo(17, 17).execute();
    assertThat(packed().resolve("acme.properties")).hasContent("majors=17");
  }

  @Test
  void writesSettingsAsPropertiesHaveThem() throws Exception {
    Map<String, String> settings =
        Map.of("acme.unit", "m²", "acme.pattern", " \\d\n\r=!#: ", "acme.empty", "");
    install(17, "");
    PackageMojo mojo = mojo(17);
    mojo.preload = List.of("acme", "acme_worker");
    mojo.settings = settings;
    mojo.execute();
    Path file = packed().resolve("acme.properties");
    var descriptor = new Properties();
    try (Reader in = Files.newBufferedReader(file)) {
      descriptor.load(in);
    }
    assertThat(descriptor)
        .containsEntry("preload", "acme,acme_worker")
        .containsEntry("setting.acme.unit", settings.get("acme.unit"))
        .containsEntry("setting.acme.pattern", settings.get("acme.pattern"))
        .containsEntry("setting.acme.empty", "")
        .hasSize(5);
    // the content must not depend on the time of the build
    assertThat(Files.readAllLines(file)).isSorted().noneMatch(line -> line.startsWith("#"));
  }

  @Test
  void rejectsLibrariesForSystemDirectories() throws Exception {
    install(17, "");
    install(17, "usr/lib/x86_64-linux-gnu/libz.so.1", "");
    PackageMojo mojo = mojo(17);
    assertThatThrownBy(mojo::execute)
        .isInstanceOf(MojoFailureException.class)
        .hasMessage(
            "make install has put libz.so.1 into a directory of system libraries, which a jar"
                + " cannot contain: link it statically, or install it with a package.");
  }
}
