package ${package};

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionProvider;

/** Describes the extension. Hibernate settings that name the extension use this description. */
public class ${className}Extension implements ExtensionProvider {
  static final ExtensionDescription DESCRIPTION =
      ExtensionDescription.builder("${extensionName}")
          .minimumVersion("1.1")
          .howToInstall("Run the jar on that machine: sudo java -jar ${artifactId}-extension-*.jar install")
          // the last argument is the version that introduced the function
          .function(
              "${extensionName}_distance(double precision, double precision)",
              "double precision",
              "1.0")
          .function(
              "${extensionName}_distance_all(double precision[], double precision[])",
              "double precision[]",
              "1.1")
          .function(
              "${extensionName}_point_distance(${extensionName}_point, ${extensionName}_point)",
              "double precision",
              "1.1")
          .build();

  @Override
  public ExtensionDescription extension() {
    return DESCRIPTION;
  }
}
