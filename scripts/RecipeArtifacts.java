// SPDX-License-Identifier: MIT
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Writes the artifacts of recipes to a Maven repository: jars, sources, Javadoc, POMs, bills of materials and checksums. Run by
 * release.sh, after recipes.sh has created the contents of the jars. The same contents produce the same bytes.
 *
 * <p>A recipe's version is the newest version of the extension, and a counter. A recipe with {@code <split>yes</split>} in its POM
 * has an artifact for each major version, NAME-MAJOR, which depends on NAME-MAJOR-PLATFORM for the user's platform. NAME depends on
 * NAME-MAJOR for the default version. The BOM gets the versions of the recipes that were written.
 *
 * <p>Usage: RecipeArtifacts REPOSITORY INSTALLER_JAR TIMESTAMP RECIPES DEFAULT_MAJOR NAME...
 */
public class RecipeArtifacts {
  private static final String GROUP = "io.github.pg-hello";
  private static final String SITE = "https://github.com/pg-hello/pg-hello";
  private static final String FOLDER = "META-INF/pg-extension/";
  private static final String INSTALLER = "io/pghello/extension/installer/";
  private static final String LAUNCHER = "io/pghello/extension/launcher/Launcher.class";
  private static final List<String> PLATFORMS = List.of("linux-amd64", "linux-arm64");

  /** A line of PACKAGES: a binary package, or a source package from which libraries were built. */
  private record Package(String name, String version, String architecture, String source, String hash, String major) {
    private static final Pattern BINARY =
        Pattern.compile("Package: (\\S+) Version: (\\S+) Architecture: (\\S+)(?: Source: (\\S+)(?: \\((\\S+)\\))?)? +sha256=([0-9a-f]{64})");
    private static final Pattern SOURCE =
        Pattern.compile("Source: (\\S+) Version: (\\S+) Major: (\\S+) File: (\\S+) sha256=([0-9a-f]{64})");

    static Package of(String line) {
      Matcher source = SOURCE.matcher(line);
      if (source.matches()) {
        String version = source.group(2);
        return new Package(source.group(1), version, "source", source.group(1) + "/" + version, source.group(5), source.group(3));
      }
      Matcher binary = BINARY.matcher(line);
      if (!binary.matches()) {
        throw new IllegalStateException("PACKAGES has an unknown line: " + line);
      }
      String name = binary.group(1);
      String version = binary.group(2);
      String of = binary.group(4) == null || binary.group(4).isEmpty() ? name : binary.group(4);
      // rebuilds of a package have the same source
      String from = binary.group(5) == null ? version.replaceFirst("\\+b\\d+$", "") : binary.group(5);
      return new Package(name, version, binary.group(3), of + "/" + from, binary.group(6), "");
    }

    /** Returns the upstream version, e.g. 0.8.7 for 1:0.8.7+dfsg-1. */
    String upstream() {
      return version
          .replaceFirst("^\\d+:", "")
          .replaceFirst("-[^-]*$", "")
          .replaceFirst("[+~](?:dfsg|ds|really|repack).*", "")
          .replace('~', '-')
          .replaceAll("[^A-Za-z0-9.-]", ".");
    }

    boolean isFor(int major) {
      return name.startsWith("postgresql-" + major + "-") || this.major.equals(Integer.toString(major));
    }

    String address() {
      return "https://snapshot.debian.org/package/" + source.replace("~", "%7E").replace("+", "%2B") + "/";
    }

    String purl() {
      return "pkg:deb/debian/%s@%s?arch=%s"
          .formatted(name, version.replace(":", "%3A").replace("+", "%2B"), architecture);
    }
  }

  private static String property(String pom, String name) {
    Matcher matcher = Pattern.compile("<" + name + ">([^<]*)</" + name + ">").matcher(pom);
    return matcher.find() ? matcher.group(1).strip() : "";
  }

  private final Path repository;
  private final Path installer;
  private final LocalDateTime time;
  private final int defaultMajor;
  private final Map<String, String> written = new TreeMap<>();
  private String glibc = "";

  private RecipeArtifacts(Path repository, Path installer, LocalDateTime time, int defaultMajor) {
    this.repository = repository;
    this.installer = installer;
    this.time = time;
    this.defaultMajor = defaultMajor;
  }

  public static void main(String[] arguments) throws Exception {
    var artifacts =
        new RecipeArtifacts(
            Path.of(arguments[0]),
            Path.of(arguments[1]),
            OffsetDateTime.parse(arguments[2]).toLocalDateTime(),
            Integer.parseInt(arguments[4]));
    Path recipes = Path.of(arguments[3]);
    List<String> names = Arrays.asList(arguments).subList(5, arguments.length);
    if (!names.isEmpty()) {
      artifacts.stage(recipes, "glibc");
    }
    for (String name : names) {
      if (!name.equals("glibc")) {
        artifacts.stage(recipes, name);
      }
    }
    artifacts.writeVersionsIntoBom(recipes);
  }

  /** Replaces the recipes of the BOM by those that were written, with their versions. */
  private void writeVersionsIntoBom(Path recipes) throws Exception {
    Path bom;
    try (Stream<Path> files = Files.walk(repository)) {
      bom = files.filter(file -> file.getFileName().toString().matches("pg-hello-bom-.*\\.pom")).findFirst().orElseThrow();
    }
    var text = new StringBuilder();
    Matcher dependency = Pattern.compile(" *<dependency>.*?</dependency>\n", Pattern.DOTALL).matcher(Files.readString(bom));
    while (dependency.find()) {
      String name = property(dependency.group(), "artifactId").replaceFirst("^pg-extension-", "");
      boolean isRecipe = Files.exists(recipes.resolve(name).resolve("pom.xml"));
      dependency.appendReplacement(text, isRecipe ? "" : Matcher.quoteReplacement(dependency.group()));
    }
    dependency.appendTail(text);
    var versions = new StringBuilder();
    written.forEach(
        (artifact, version) ->
            versions.append(
                """
                      <dependency>
                        <groupId>%s</groupId>
                        <artifactId>%s</artifactId>
                        <version>%s</version>
                      </dependency>
                """
                    .formatted(GROUP, artifact, version)));
    int end = text.lastIndexOf("    </dependencies>\n  </dependencyManagement>");
    put(bom, text.insert(end, versions).toString().getBytes(StandardCharsets.UTF_8));
  }

  private void stage(Path recipes, String name) throws Exception {
    Path recipe = recipes.resolve(name);
    String pom = Files.readString(recipe.resolve("pom.xml"));
    String extension = property(pom, "extension");
    boolean isLibc = name.equals("glibc");
    Path build = recipe.resolve("build");
    Path packed = build.resolve(extension);
    if (!Files.exists(packed.resolve("PACKAGES"))) {
      System.err.println(name + " is not staged, because Debian has no package");
      return;
    }
    List<Package> packages =
        Files.readAllLines(packed.resolve("PACKAGES")).stream().distinct().sorted().map(Package::of).toList();
    String counter = property(pom, "counter");
    if (counter.isEmpty()) {
      counter = property(Files.readString(recipes.resolve("pom.xml")), "counter");
    }
    var files = new TreeMap<String, byte[]>();
    try (Stream<Path> all = Files.walk(build)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(FOLDER + build.relativize(file).toString().replace('\\', '/'), Files.readAllBytes(file));
      }
    }
    List<Integer> majors = new ArrayList<>();
    if (isLibc) {
      glibc = version(packages, each -> each.name.equals("libc6"), counter);
    } else {
      majors =
          Stream.of(properties(files.get(FOLDER + extension + ".properties")).getProperty("majors").split(","))
              .map(Integer::valueOf)
              .sorted()
              .toList();
    }
    var artifact =
        new Artifact(
            property(pom, "artifactId").isEmpty() ? "" : "pg-extension-" + name,
            property(pom, "description"),
            recipe,
            extension,
            property(pom, "licence"),
            packages);
    if (isLibc) {
      write(artifact, glibc, files, List.of());
      return;
    }
    Dependency libc = new Dependency("pg-extension-glibc", glibc);
    if (!property(pom, "split").equals("yes")) {
      int newest = majors.get(majors.size() - 1);
      write(artifact, version(packages, each -> each.isFor(newest), counter), files, List.of(libc));
      return;
    }
    for (int major : majors) {
      String version = version(packages, each -> each.isFor(major), counter);
      Artifact ofMajor =
          artifact.with("pg-extension-" + name + "-" + major, " for PostgreSQL " + major);
      for (String platform : PLATFORMS) {
        write(
            ofMajor.with(ofMajor.id + "-" + platform, " on " + platform),
            version,
            part(files, extension, major, platform),
            List.of(libc));
      }
      // contains no libraries
      var texts = new TreeMap<String, byte[]>();
      files.forEach(
          (file, content) -> {
            if (file.startsWith(FOLDER + extension + "/") && file.indexOf('/', (FOLDER + extension + "/").length()) < 0 && !file.endsWith("/SHA256SUMS")) {
              texts.put(file, content);
            }
          });
      write(ofMajor, version, texts, List.of(new Dependency(ofMajor.id + "-${pg-extension.platform}", version)));
      if (major == defaultMajor) {
        write(artifact, version, texts, List.of(new Dependency(ofMajor.id, version)));
      }
    }
  }

  private static String version(List<Package> packages, Predicate<Package> which, String counter) {
    return packages.stream().filter(which).findFirst().orElseThrow().upstream() + "-" + counter;
  }

  /** Returns the files for one major version and platform. */
  private static Map<String, byte[]> part(Map<String, byte[]> files, String extension, int major, String platform)
      throws IOException {
    var part = new TreeMap<String, byte[]>();
    String root = FOLDER + extension + "/";
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      String path = file.getKey();
      if (!path.startsWith(root)) {
        // a descriptor
        String text = new String(file.getValue(), StandardCharsets.UTF_8);
        part.put(path, text.replaceAll("(?m)^majors = .*$", "majors = " + major).getBytes(StandardCharsets.UTF_8));
      } else if (path.equals(root + "SHA256SUMS")) {
        String lines =
            new String(file.getValue(), StandardCharsets.UTF_8)
                .lines()
                .filter(line -> isPart(line.substring(line.indexOf(' ')).strip(), major, platform))
                .map(line -> line + "\n")
                .collect(Collectors.joining());
        part.put(path, lines.getBytes(StandardCharsets.UTF_8));
      } else if (isPart(path.substring(root.length()), major, platform)) {
        part.put(path, file.getValue());
      }
    }
    return part;
  }

  private static boolean isPart(String file, int major, String platform) {
    return !file.contains("/")
        || Stream.of("share/" + major, platform + "/" + major, "needed/" + platform + "/" + major, "needed/share/" + major)
            .anyMatch(folder -> file.startsWith(folder + "/"));
  }

  private record Dependency(String artifact, String version) {}

  private record Artifact(
      String id, String description, Path recipe, String extension, String licence, List<Package> packages) {
    Artifact with(String id, String more) {
      return new Artifact(id, description + more, recipe, extension, licence, packages);
    }
  }

  private void write(Artifact artifact, String version, Map<String, byte[]> files, List<Dependency> dependencies)
      throws Exception {
    var contents = new TreeMap<>(files);
    boolean runs = files.keySet().stream().anyMatch(file -> file.startsWith(FOLDER) && file.endsWith(".properties"));
    if (runs) {
      try (var jar = new ZipFile(installer.toFile())) {
        for (ZipEntry entry : java.util.Collections.list(jar.entries())) {
          String name = entry.getName();
          if (name.equals(LAUNCHER) || (name.startsWith(INSTALLER) && name.endsWith(".class") && !name.endsWith("package-info.class"))) {
            try (InputStream in = jar.getInputStream(entry)) {
              contents.put(name.equals(LAUNCHER) ? name : "META-INF/pg-extension-installer/" + name, in.readAllBytes());
            }
          }
        }
      }
    }
    var manifest = new LinkedHashMap<String, String>();
    manifest.put("Implementation-Title", artifact.description);
    manifest.put("Implementation-Version", version);
    manifest.put("Bundle-License", artifact.licence);
    manifest.put("Automatic-Module-Name", "io.pghello.extensions." + artifact.id.substring("pg-extension-".length()).replace("-", "_").replaceAll("_(\\d)", "_v$1"));
    if (runs) {
      manifest.put("Main-Class", "io.pghello.extension.launcher.Launcher");
    }
    Path folder = Files.createDirectories(repository.resolve(GROUP.replace('.', '/')).resolve(artifact.id).resolve(version));
    String stem = artifact.id + "-" + version;
    put(folder.resolve(stem + ".jar"), jar(manifest, contents));
    put(folder.resolve(stem + "-sources.jar"), jar(Map.of(), sources(artifact)));
    put(folder.resolve(stem + "-javadoc.jar"), jar(Map.of(), Map.of("index.html", page(artifact, version).getBytes(StandardCharsets.UTF_8))));
    put(folder.resolve(stem + "-cyclonedx.json"), bill(artifact, version).getBytes(StandardCharsets.UTF_8));
    put(folder.resolve(stem + ".pom"), pom(artifact, version, dependencies).getBytes(StandardCharsets.UTF_8));
    written.put(artifact.id, version);
    System.err.println(artifact.id + " " + version);
  }

  private byte[] jar(Map<String, String> manifest, Map<String, byte[]> files) throws IOException {
    var text = new StringBuilder("Manifest-Version: 1.0\r\n");
    manifest.forEach((name, value) -> text.append(folded(name + ": " + value)));
    var all = new LinkedHashMap<String, byte[]>();
    all.put("META-INF/MANIFEST.MF", text.append("\r\n").toString().getBytes(StandardCharsets.UTF_8));
    all.putAll(files);
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      for (Map.Entry<String, byte[]> file : all.entrySet()) {
        var entry = new ZipEntry(file.getKey());
        entry.setTimeLocal(time);
        zip.putNextEntry(entry);
        zip.write(file.getValue());
        zip.closeEntry();
      }
    }
    return bytes.toByteArray();
  }

  /** Breaks a line of a manifest, which has at most 72 bytes. */
  private static String folded(String line) {
    var folded = new StringBuilder();
    String rest = line;
    while (rest.length() > 70) {
      folded.append(rest, 0, 70).append("\r\n ");
      rest = rest.substring(70);
    }
    return folded.append(rest).append("\r\n").toString();
  }

  /** Returns the recipe, and the addresses of the sources of all packages. */
  private static Map<String, byte[]> sources(Artifact artifact) throws IOException {
    var text = new StringBuilder();
    text.append("The jar contains files from these packages of Debian, with the SHA-256 hash of each package. The address of\n");
    text.append("each package's source follows. scripts/recipes.sh of pg-hello creates the jar from the packages:\n");
    text.append(SITE).append("\n\n");
    for (Package each : artifact.packages) {
      text.append("%s %s %s%n  sha256 %s%n  %s%n".formatted(each.name, each.version, each.architecture, each.hash, each.address()).replace("\r", ""));
    }
    var files = new TreeMap<String, byte[]>();
    files.put("SOURCES", text.toString().getBytes(StandardCharsets.UTF_8));
    for (String file : List.of("pom.xml", "test.sql", "extension.properties")) {
      if (Files.exists(artifact.recipe.resolve(file))) {
        files.put(file, Files.readAllBytes(artifact.recipe.resolve(file)));
      }
    }
    return files;
  }

  private static String page(Artifact artifact, String version) {
    return """
        <!doctype html>
        <html lang="en">
        <head><meta charset="utf-8"><title>%1$s</title></head>
        <body>
        <h1>%1$s %2$s</h1>
        <p>%3$s</p>
        <p>The jar contains no Java classes to call. <a href="%4$s/blob/main/docs/extensions.md">Ready-made recipes</a> explains how to use it.</p>
        </body>
        </html>
        """
        .formatted(artifact.id, version, xml(artifact.description), SITE);
  }

  private static String bill(Artifact artifact, String version) {
    var seen = new LinkedHashSet<String>();
    var components = new ArrayList<String>();
    for (Package each : artifact.packages) {
      if (seen.add(each.purl())) {
        components.add(
            """
                {
                  "type": "library",
                  "bom-ref": %1$s,
                  "name": %2$s,
                  "version": %3$s,
                  "purl": %1$s,
                  "hashes": [{"alg": "SHA-256", "content": "%4$s"}],
                  "externalReferences": [{"type": "source-distribution", "url": %5$s}]
                }"""
                .formatted(json(each.purl()), json(each.name), json(each.version), each.hash, json(each.address())));
      }
    }
    return """
        {
          "bomFormat": "CycloneDX",
          "specVersion": "1.6",
          "version": 1,
          "metadata": {
            "component": {
              "type": "library",
              "bom-ref": %1$s,
              "group": "%2$s",
              "name": %3$s,
              "version": %4$s,
              "description": %5$s,
              "licenses": [{"expression": %6$s}],
              "purl": %1$s
            }
          },
          "components": [
        %7$s
          ]
        }
        """
        .formatted(
            json("pkg:maven/" + GROUP + "/" + artifact.id + "@" + version + "?type=jar"),
            GROUP,
            json(artifact.id),
            json(version),
            json(artifact.description),
            json(artifact.licence),
            String.join(",\n", components));
  }

  private static String pom(Artifact artifact, String version, List<Dependency> dependencies) {
    var text = new StringBuilder();
    text.append(
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <project xmlns="http://maven.apache.org/POM/4.0.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://maven.apache.org/POM/4.0.0 http://maven.apache.org/xsd/maven-4.0.0.xsd">
          <modelVersion>4.0.0</modelVersion>
          <groupId>%s</groupId>
          <artifactId>%s</artifactId>
          <version>%s</version>
          <name>pg-hello: %s</name>
          <description>%s</description>
          <url>%s</url>
          <licenses>
            <license>
              <name>%s</name>
              <distribution>repo</distribution>
              <comments>The licence of the extension. META-INF/pg-extension has its text, and the texts of the libraries that it needs. The installer in the jar is under MIT.</comments>
            </license>
          </licenses>
          <developers>
            <developer>
              <name>The pg-hello developers</name>
              <url>%s/graphs/contributors</url>
            </developer>
          </developers>
          <scm>
            <connection>scm:git:%s.git</connection>
            <url>%s</url>
          </scm>
        """
            .formatted(
                GROUP,
                artifact.id,
                version,
                artifact.id.substring("pg-extension-".length()),
                xml(artifact.description),
                SITE,
                xml(artifact.licence),
                SITE,
                SITE,
                SITE));
    if (dependencies.stream().anyMatch(each -> each.artifact.contains("${"))) {
      // Gradle uses the default, because it ignores profiles
      text.append(
          """
            <properties>
              <pg-extension.platform>linux-amd64</pg-extension.platform>
            </properties>
            <profiles>
              <profile>
                <id>linux-arm64</id>
                <activation>
                  <os>
                    <arch>aarch64</arch>
                  </os>
                </activation>
                <properties>
                  <pg-extension.platform>linux-arm64</pg-extension.platform>
                </properties>
              </profile>
            </profiles>
          """);
    }
    if (!dependencies.isEmpty()) {
      text.append("  <dependencies>\n");
      for (Dependency each : dependencies) {
        text.append(
            """
                <dependency>
                  <groupId>%s</groupId>
                  <artifactId>%s</artifactId>
                  <version>%s</version>
                  <scope>runtime</scope>
                </dependency>
            """
                .formatted(GROUP, each.artifact, each.version));
      }
      text.append("  </dependencies>\n");
    }
    return text.append("</project>\n").toString();
  }

  private static void put(Path file, byte[] content) throws Exception {
    Files.write(file, content);
    for (String algorithm : List.of("MD5", "SHA-1")) {
      String hash = HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(content));
      Files.writeString(Path.of(file + "." + algorithm.replace("-", "").toLowerCase(java.util.Locale.ROOT)), hash);
    }
  }

  private static Properties properties(byte[] content) throws IOException {
    var properties = new Properties();
    properties.load(new java.io.ByteArrayInputStream(content));
    return properties;
  }

  private static String xml(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }

  private static String json(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
