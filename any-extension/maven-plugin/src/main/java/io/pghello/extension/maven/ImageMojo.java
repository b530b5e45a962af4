// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.installer.PackedExtension;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.inject.Inject;
import org.apache.maven.model.License;
import org.apache.maven.plugin.AbstractMojo;
import org.apache.maven.plugin.MojoExecutionException;
import org.apache.maven.plugin.MojoFailureException;
import org.apache.maven.plugins.annotations.LifecyclePhase;
import org.apache.maven.plugins.annotations.Mojo;
import org.apache.maven.plugins.annotations.Parameter;
import org.eclipse.aether.RepositorySystem;
import org.eclipse.aether.RepositorySystemSession;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.resolution.ArtifactRequest;
import org.eclipse.aether.resolution.ArtifactResolutionException;
import org.jspecify.annotations.Nullable;

/**
 * Writes container images of an extension for CloudNativePG, one for each Linux platform. Copy them
 * to a registry with skopeo, crane or oras; neither this goal nor these programs need Docker.
 *
 * <p>The result is a directory in the OCI image layout. It contains an index, with the tag {@code
 * VERSION-MAJOR-DISTRIBUTION}, for each major version from 18 on. The same files always produce the
 * same digests. The log contains the commands and settings to use the images.
 *
 * <p>Reads the files that the goal {@code package} has written, or an extension's jar. Uses
 * libraries for {@code linux-amd64} and {@code linux-arm64}.
 */
@Mojo(
    name = "image",
    defaultPhase = LifecyclePhase.PACKAGE,
    requiresProject = false,
    threadSafe = true)
public class ImageMojo extends AbstractMojo {
  /** The first version with the setting extension_control_path. */
  private static final int FIRST_MAJOR = 18;

  /** Platforms of CloudNativePG's images, and their processors in the terms of OCI. */
  private static final Map<String, String> PLATFORMS =
      new TreeMap<>(Map.of("linux-amd64", "amd64", "linux-arm64", "arm64"));

  private static final Pattern DISTRIBUTION = Pattern.compile("[a-z0-9][a-z0-9._-]{0,30}");
  private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");
  private static final String OCI = "org.opencontainers.image.";
  private static final String CLOUD_NATIVE_PG = "io.cloudnativepg.image.";

  /**
   * Path or coordinates ({@code GROUP:ARTIFACT:VERSION}) of an extension's jar. Default: the files
   * of this project.
   */
  @Parameter(property = "pg-extension.jar")
  @Nullable String jar;

  /** Name of the extension. Default: the name of the only extension in the jar. */
  @Parameter(property = "pg-extension.name")
  @Nullable String name;

  /**
   * Major versions of PostgreSQL. Versions before 18 are ignored, because they cannot load
   * extensions from images. Default: all versions of the jar.
   */
  @Parameter(property = "pg-extension.majors")
  List<Integer> majors = List.of();

  /** Codename of the Debian version that the server's image contains. */
  @Parameter(property = "pg-extension.image.distribution", defaultValue = "trixie")
  String distribution = "trixie";

  /** Directory for the OCI layout. Default: {@code target/oci}. */
  @Parameter(property = "pg-extension.image.directory")
  @Nullable File imageDirectory;

  /** Additional labels of the images, e.g. {@code org.opencontainers.image.vendor}. */
  @Parameter Map<String, String> labels = Map.of();

  /** Skip this goal. */
  @Parameter(property = "pg-extension.skip", defaultValue = "false")
  boolean skip;

  @Parameter(defaultValue = "${project.build.directory}", readonly = true, required = true)
  File buildDirectory = new File("target");

  @Parameter(defaultValue = "${project.build.outputDirectory}", readonly = true, required = true)
  File classesDirectory = new File("");

  @Parameter(defaultValue = "${project.basedir}", readonly = true)
  @Nullable File baseDirectory;

  @Parameter(defaultValue = "${maven.multiModuleProjectDirectory}", readonly = true)
  @Nullable File rootDirectory;

  @Parameter(defaultValue = "${project.description}", readonly = true)
  @Nullable String description;

  @Parameter(defaultValue = "${project.url}", readonly = true)
  @Nullable String url;

  @Parameter(defaultValue = "${project.scm.url}", readonly = true)
  @Nullable String source;

  @Parameter(defaultValue = "${project.licenses}", readonly = true)
  List<License> licenses = List.of();

  @Inject @Nullable RepositorySystem repositorySystem;

  @Parameter(defaultValue = "${repositorySystemSession}", readonly = true)
  @Nullable RepositorySystemSession repositorySession;

  @Parameter(defaultValue = "${project.remoteProjectRepositories}", readonly = true)
  List<RemoteRepository> repositories = List.of();

  @Override
  public void execute() throws MojoExecutionException, MojoFailureException {
    if (skip) {
      return;
    }
    try {
      if (!DISTRIBUTION.matcher(distribution).matches()) {
        throw new IllegalArgumentException(
            "pg-extension.image.distribution must be a codename such as trixie, but is "
                + distribution);
      }
      write(jar == null ? classesDirectory.toPath() : file(jar));
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw new MojoFailureException(e.getMessage(), e);
    } catch (IOException e) {
      throw new MojoExecutionException(e.toString(), e);
    }
  }

  private void write(Path from) throws IOException {
    List<Integer> wanted;
    try (var files = new ExtensionJar(from)) {
      wanted = majors(files.extension(name));
    }
    // without a POM, the properties of the project have no values
    File build = baseDirectory == null ? new File("target") : buildDirectory;
    Path folder =
        (imageDirectory == null ? new File(build, "oci") : imageDirectory)
            .toPath()
            .toAbsolutePath();
    Files.createDirectories(Objects.requireNonNull(folder.getParent()));
    var layout = new OciLayout(folder);
    for (int major : wanted) {
      write(from, major, layout, folder);
    }
    layout.finish();
  }

  /** Writes the images of a major version, and logs how to use them. */
  private void write(Path from, int major, OciLayout layout, Path folder) throws IOException {
    var images = new ArrayList<OciLayout.Image>();
    var unreachable = new TreeSet<String>();
    String version = "";
    boolean system = false;
    boolean licensed = true;
    var all = new TreeMap<String, String>();
    for (Map.Entry<String, String> platform : PLATFORMS.entrySet()) {
      try (var files = new ExtensionJar(from)) {
        PackedExtension extension = files.extension(name);
        if (!extension.isBuiltFor(platform.getKey(), major)) {
          getLog()
              .warn(
                  "No image for "
                      + platform.getKey()
                      + ", because the jar has no library. Remedy: build it for this platform");
          continue;
        }
        ExtensionImage image =
            ExtensionImage.read(
                files, extension, platform.getKey(), major, distribution, licences());
        version = image.version(extension.name());
        all.putAll(labels(files, extension.name(), version, major));
        images.add(layout.addImage(platform.getValue(), image.files(), all));
        unreachable.addAll(image.unreachable());
        system |= image.hasSystemLibraries();
        licensed &= image.hasLicence();
      }
    }
    try (var files = new ExtensionJar(from)) {
      PackedExtension extension = files.extension(name);
      if (images.isEmpty()) {
        throw new IllegalStateException(
            "The extension \""
                + extension.name()
                + "\" has no library for PostgreSQL "
                + major
                + " on "
                + String.join(" or ", PLATFORMS.keySet())
                + ", only for "
                + String.join(", ", extension.builds())
                + ". Remedy: build it for one of these platforms.");
      }
      String tag = tag(version, major);
      layout.tag(tag, images, all);
      log(extension, tag, images, folder, system);
    }
    if (!licensed) {
      getLog().warn("The images contain no licence. Remedy: add a file LICENSE to the project");
    }
    if (!unreachable.isEmpty()) {
      getLog()
          .warn(
              "PostgreSQL reads only scripts from the image, but not "
                  + String.join(", ", unreachable)
                  + ". Remedy: add these files to the server's image");
    }
  }

  private void log(
      PackedExtension extension,
      String tag,
      List<OciLayout.Image> images,
      Path folder,
      boolean system) {
    getLog()
        .info(
            extension.name()
                + ":"
                + tag
                + " for "
                + images.stream()
                    .map(image -> image.architecture() + " (" + image.size() + " bytes)")
                    .collect(Collectors.joining(", ")));
    getLog()
        .info("Copy: skopeo copy --all oci:" + folder + ":" + tag + " docker://REGISTRY/IMAGE:TAG");
    if (system) {
      logSetting("extensions", "ld_library_path: [system]");
    }
    if (!extension.preload().isEmpty()) {
      logSetting("shared_preload_libraries", extension.preload().toString());
    }
    extension.settings().forEach((key, value) -> logSetting("parameters", key + ": " + value));
  }

  private void logSetting(String name, String value) {
    getLog().info("The Cluster needs, in spec.postgresql: " + name + ": " + value);
  }

  private List<Integer> majors(PackedExtension extension) {
    List<Integer> present = extension.majors();
    List<Integer> wanted = !majors.isEmpty() ? majors : present;
    if (wanted.isEmpty()) {
      // an extension in SQL, for all versions
      wanted = List.of(FIRST_MAJOR);
    }
    List<Integer> usable =
        wanted.stream().filter(major -> major >= FIRST_MAJOR).distinct().sorted().toList();
    if (usable.isEmpty()) {
      throw new IllegalArgumentException(
          "Servers load extensions from images since PostgreSQL "
              + FIRST_MAJOR
              + ", but the major versions are "
              + wanted.stream().map(String::valueOf).collect(Collectors.joining(", "))
              + ". Remedy: build the extension for PostgreSQL "
              + FIRST_MAJOR
              + " or later, and add it to pg-extension.majors.");
    }
    return usable;
  }

  private String tag(String version, int major) {
    String tag = version + "-" + major + "-" + distribution;
    if (!TAG.matcher(tag).matches()) {
      tag = tag.replaceAll("[^A-Za-z0-9_.-]", "_");
    }
    if (!TAG.matcher(tag).matches()) {
      throw new IllegalStateException(
          "The version " + version + " cannot be part of a tag. Remedy: use a shorter version.");
    }
    return tag;
  }

  private SortedMap<String, String> labels(
      ExtensionJar files, String extension, String version, int major) throws IOException {
    var all = new TreeMap<String, String>();
    all.put(OCI + "title", extension);
    all.put(OCI + "version", version);
    if (jar == null) {
      put(all, OCI + "description", description);
      put(all, OCI + "url", url);
      put(all, OCI + "source", source);
      put(
          all,
          OCI + "licenses",
          licenses.stream()
              .map(License::getName)
              .filter(Objects::nonNull)
              .collect(Collectors.joining(" OR ")));
    } else {
      put(all, OCI + "description", files.attribute("Implementation-Title"));
      put(all, OCI + "licenses", files.attribute("Bundle-License"));
    }
    all.put(CLOUD_NATIVE_PG + "base.pgmajor", String.valueOf(major));
    all.put(CLOUD_NATIVE_PG + "base.os", distribution);
    all.put(CLOUD_NATIVE_PG + "sql.version", version);
    all.putAll(labels);
    return all;
  }

  private static void put(Map<String, String> labels, String name, @Nullable String value) {
    if (value != null && !value.isBlank()) {
      labels.put(name, value.strip());
    }
  }

  /** Returns the project's licences: contents by file name. */
  private Map<String, byte[]> licences() throws IOException {
    var licences = new TreeMap<String, byte[]>();
    if (jar != null) {
      return licences;
    }
    for (File folder : Stream.of(baseDirectory, rootDirectory).filter(Objects::nonNull).toList()) {
      File[] found =
          folder.listFiles(file -> file.isFile() && ExtensionImage.isLicence(file.getName()));
      for (File file : found == null ? new File[0] : found) {
        licences.put(file.getName(), Files.readAllBytes(file.toPath()));
      }
      if (!licences.isEmpty()) {
        break;
      }
    }
    return licences;
  }

  /** Returns the file of a path, or of Maven coordinates. */
  private Path file(String jar) throws IOException {
    Path path = Path.of(jar);
    if (Files.exists(path)) {
      return path;
    }
    Artifact artifact;
    try {
      artifact = new DefaultArtifact(jar);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "pg-extension.jar is "
              + jar
              + ", which does not exist. Remedy: set it to the path of a jar, or to"
              + " GROUP:ARTIFACT:VERSION.",
          e);
    }
    try {
      var request = new ArtifactRequest();
      request.setArtifact(artifact);
      request.setRepositories(repositories);
      return Objects.requireNonNull(repositorySystem)
          .resolveArtifact(repositorySession, request)
          .getArtifact()
          .getFile()
          .toPath();
    } catch (ArtifactResolutionException e) {
      throw new IOException(e.getMessage(), e);
    }
  }
}
