package ${package};

import io.pghello.extension.hibernate.ExtensionFunctionContributor;

/** The functions in HQL and Criteria, which Hibernate finds by itself. */
public class ${className}Functions extends ExtensionFunctionContributor {
  public ${className}Functions() {
    super(${className}Extension.DESCRIPTION);
  }
}
