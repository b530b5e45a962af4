// SPDX-License-Identifier: MIT
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.gradle.api.Project;
import org.gradle.testfixtures.ProjectBuilder;

/**
 * Prints the jars of the test class path of a build file, as resolved by Gradle from the local Maven repository:
 *
 * <pre>
 * java GradleDependencies.java build.gradle.kts DIRECTORY
 * </pre>
 *
 * Reads only the lines that declare dependencies, because Maven Central does not contain Gradle's
 * Kotlin DSL.
 */
class GradleDependencies {
  private static final Pattern LINE = Pattern.compile("^ *(\\w+)\\((platform\\()?\"([\\w.-]+:[\\w.:-]+)\"");

  public static void main(String[] args) throws Exception {
    var home = new File(args[1], "gradle");
    Project project = ProjectBuilder.builder().withProjectDir(home).withGradleUserHomeDir(home).build();
    project.getPluginManager().apply("java");
    project.getRepositories().mavenLocal();
    var dependencies = project.getDependencies();
    for (String line : Files.readAllLines(Path.of(args[0]))) {
      Matcher dependency = LINE.matcher(line);
      if (dependency.find()) {
        Object notation = dependency.group(3);
        dependencies.add(dependency.group(1), dependency.group(2) == null ? notation : dependencies.platform(notation));
      }
    }
    for (File jar : project.getConfigurations().getByName("testRuntimeClasspath").resolve()) {
      System.out.println(jar);
    }
    // Gradle's threads would keep the JVM running.
    System.exit(0);
  }
}
