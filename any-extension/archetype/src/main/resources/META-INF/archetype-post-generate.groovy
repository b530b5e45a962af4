// In batch mode (-B), the archetype plugin does not check names.
[
  extensionName: /(?=.{1,30}$)[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*/,
  className: /[A-Z][A-Za-z0-9]*/,
  package: /[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*/
].each { key, pattern ->
  def value = request.properties[key] ?: (key == 'package' ? request.package : null)
  if (!(value ==~ pattern)) {
    throw new IllegalArgumentException("${key} is \"${value}\"; it must match ${pattern}. " +
        "Do not build the project: delete the directory ${request.artifactId}, and generate it again.")
  }
}
