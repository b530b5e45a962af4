package ${package};

import io.pghello.extension.hibernate.ExtensionFunctionContributor;

/** Registers the functions for HQL and Criteria. Hibernate finds this class automatically. */
public class ${className}Functions extends ExtensionFunctionContributor {
  public ${className}Functions() {
    super(${className}Extension.DESCRIPTION);
  }
}
